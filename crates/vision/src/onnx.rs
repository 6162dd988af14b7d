//! Models in ONNX that a user brings: loaded from bytes, asked on one thread of their own.
//!
//! A model is a program. It can reach no file and no memory but its own, but how long it runs and how much memory it takes is up to it:
//! only its bytes and its pictures are bounded. Take models from where you would take programs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rten::{DataType, Dimension, Model, NodeId, RunOptions, ThreadPool, Value, ValueType};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

/// The most bytes of a model.
pub const MODEL_BYTES: usize = 512 << 20;

/// The widest and highest picture that is given to a model, in pixels.
const SIDE: usize = 2048;

/// Why a model is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadModel {
    /// The file is too long.
    #[error("it has {bytes} bytes, more than the {MODEL_BYTES} that are read")]
    TooManyBytes {
        /// Its length.
        bytes: usize,
    },
    /// It is no ONNX model, a damaged one, or one with operators that are not known.
    #[error("it cannot be loaded as ONNX: {why}")]
    Unloadable {
        /// What is wrong.
        why: String,
    },
    /// It wants something else than a picture.
    #[error("its input does not fit: {found} instead of {wanted}")]
    Input {
        /// What would fit.
        wanted: String,
        /// What it has.
        found: String,
    },
    /// It gives something that is not understood.
    #[error("its output does not fit: {found} instead of {wanted}")]
    Output {
        /// What would fit.
        wanted: String,
        /// What it has.
        found: String,
    },
    /// It cannot be run.
    #[error("it cannot be run on a picture of {width} × {height} pixels: {why}")]
    Failed {
        /// Of its input, in pixels.
        width: usize,
        /// Of its input, in pixels.
        height: usize,
        /// What is wrong.
        why: String,
    },
    /// There is nothing that says which characters it tells apart.
    #[error("the characters that it tells apart are not known: it names none, and no list of them was given")]
    NoCharacters,
}

impl BadModel {
    /// A stable, kebab-case name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooManyBytes { .. } => "model-too-large",
            Self::Unloadable { .. } => "model-unloadable",
            Self::Input { .. } | Self::Output { .. } => "model-unfit",
            Self::Failed { .. } => "model-failed",
            Self::NoCharacters => "model-no-characters",
        }
    }
}

/// A model that takes one picture of three channels and answers with numbers.
pub(crate) struct Network {
    model: Model,
    input: NodeId,
    output: NodeId,
    /// Height and width of its input; none where the model leaves it open.
    pub(crate) height: Option<usize>,
    pub(crate) width: Option<usize>,
    options: RunOptions,
}

/// What a model answers: numbers, row by row, and how many there are in each dimension.
pub(crate) struct Answer {
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<f32>,
}

impl Network {
    /// Loads a model.
    pub(crate) fn load(bytes: Vec<u8>) -> Result<Self, BadModel> {
        if bytes.len() > MODEL_BYTES {
            return Err(BadModel::TooManyBytes { bytes: bytes.len() });
        }
        let unloadable = |why: String| BadModel::Unloadable { why };
        let model = guarded(|| Model::load(bytes)).map_err(unloadable)?.map_err(|error| unloadable(error.to_string()))?;
        let (input, [height, width]) = picture_input(&model)?;
        let none = || BadModel::Output { wanted: "one of numbers".to_owned(), found: "none".to_owned() };
        let output = *model.output_ids().first().ok_or_else(none)?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::new(ThreadPool::with_num_threads(1))));
        Ok(Self { model, input, output, height, width, options })
    }

    /// What the model says of itself under that name.
    pub(crate) fn says(&self, name: &str) -> Option<&str> {
        self.model.metadata().get(name)
    }

    /// The first output for a picture: three planes of `height` × `width` numbers.
    pub(crate) fn ask(&self, planes: Vec<f32>, height: usize, width: usize) -> Result<Answer, BadModel> {
        let failed = |why: String| BadModel::Failed { width, height, why };
        let picture = NdTensor::try_from_data([1, 3, height, width], planes).map_err(|error| failed(error.to_string()))?;
        let run = || self.model.run(vec![(self.input, picture.into())], &[self.output], Some(self.options.clone()));
        let answered = guarded(run).map_err(failed)?.map_err(|error| failed(error.to_string()))?;
        let numbers = |value: Value| Tensor::<f32>::try_from(value).map_err(|error| failed(error.to_string()));
        let tensor = answered.into_iter().next().ok_or_else(|| failed("it gave nothing".to_owned())).and_then(numbers)?;
        Ok(Answer { shape: tensor.shape().to_vec(), numbers: tensor.into_data() })
    }
}

impl Answer {
    /// Its dimensions, for people.
    pub(crate) fn size(&self) -> String {
        self.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
    }
}

/// The only input of a model, and the height and width of the picture that it wants there.
fn picture_input(model: &Model) -> Result<(NodeId, [Option<usize>; 2]), BadModel> {
    let unfit = |found: String| BadModel::Input {
        wanted: format!("one picture of floats, 1 × 3 × height × width, at most {SIDE} a side"),
        found,
    };
    let [input] = *model.input_ids() else { return Err(unfit(format!("{} inputs", model.input_ids().len()))) };
    let node = model.node_info(input).ok_or_else(|| unfit("none".to_owned()))?;
    let shape = node.shape().ok_or_else(|| unfit("one of unknown dimensions".to_owned()))?;
    let size_in_words = |dimension: &Dimension| match dimension {
        Dimension::Fixed(size) => size.to_string(),
        Dimension::Symbolic(_) => "?".to_owned(),
    };
    let found = shape.iter().map(size_in_words).collect::<Vec<_>>().join(" × ");
    if node.dtype().is_some_and(|kind| kind != ValueType::Tensor(DataType::Float)) {
        return Err(unfit(format!("{found} of another kind of number")));
    }
    let size = |dimension: &Dimension| match dimension {
        Dimension::Fixed(size) => Some(*size),
        Dimension::Symbolic(_) => None,
    };
    let sizes: Vec<Option<usize>> = shape.iter().map(size).collect();
    match sizes[..] {
        [batch, channels, height, width]
            if batch.is_none_or(|batch| batch == 1)
                && channels.is_none_or(|channels| channels == 3)
                && [height, width].iter().flatten().all(|side| (1..=SIDE).contains(side)) =>
        {
            Ok((input, [height, width]))
        }
        _ => Err(unfit(found)),
    }
}

/// Damaged models make the machinery below panic here and there: that is an error like any other.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        format!("it contradicts itself ({})", text.unwrap_or("no reason was given"))
    })
}
