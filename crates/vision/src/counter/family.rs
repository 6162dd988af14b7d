//! What detectors answer, and how boxes are made of it.

use super::CounterSettings;
use super::overlap::Candidate;
use crate::onnx::{Answer, BadModel};

/// Pixels of the input for each cell, finest first: every cell of the three grids answers, row by row, one grid after the other.
const STRIDES: [usize; 3] = [8, 16, 32];

/// How many boxes YOLOv5 gives for each cell.
const ANCHORS: usize = 3;

/// How a detector answers. Boxes are its centre, width and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// A row a cell: box, whether there is anything, classes. The centre is an offset from the cell, in cells; width and height are
    /// logarithms, in cells. YOLOX as it is trained.
    Cells,
    /// The same with the box in pixels: YOLOX made for use, YOLOv5.
    Rows,
    /// A column a cell: box in pixels, classes. YOLOv8 and its successors.
    Columns,
}

/// The numbers of one box.
struct Numbers<'a> {
    answer: &'a Answer,
    first: usize,
    step: usize,
    count: usize,
}

impl Numbers<'_> {
    fn at(&self, index: usize) -> f32 {
        self.answer.numbers.get(self.first + index * self.step).copied().unwrap_or(f32::NAN)
    }
}

impl Family {
    /// The family that an answer to a gray picture is of.
    pub(super) fn of(answer: &Answer, width: usize, height: usize) -> Result<Self, BadModel> {
        let fits = |family: &Self| family.fits(&answer.shape, width, height);
        let family = [Self::Cells, Self::Rows, Self::Columns].into_iter().find(fits).ok_or_else(|| unfit(answer, width, height))?;
        // Centres in pixels lie all over the input, offsets in cells about their own cell.
        let is_in_pixels = || family.boxes(answer).any(|numbers| numbers.at(0) > width as f32 / 2.0);
        let family = if family == Self::Cells && is_in_pixels() { Self::Rows } else { family };
        for numbers in family.boxes(answer) {
            if let Some(score) = (4..numbers.count).map(|index| numbers.at(index)).find(|score| !(-0.001..=1.001).contains(score)) {
                let wanted = "scores from 0 to 1; its last sigmoid may be missing".to_owned();
                return Err(BadModel::Output { wanted, found: score.to_string() });
            }
        }
        Ok(family)
    }

    /// The boxes of an answer that count, in pixels of the input, of which the picture covers the upper left. What has its middle beside
    /// the picture is none: models see things in plain gray, too.
    pub(super) fn candidates(
        self,
        answer: &Answer,
        input: [usize; 2],
        picture: [usize; 2],
        settings: &CounterSettings,
    ) -> Result<Vec<Candidate>, BadModel> {
        let ([width, height], [right, bottom]) = (input, picture.map(|side| side as f32));
        if !self.fits(&answer.shape, width, height) {
            return Err(unfit(answer, width, height));
        }
        let mut grid = grid(width, height);
        let mut candidates = Vec::new();
        for numbers in self.boxes(answer) {
            let place = grid.next();
            let before = self.before_classes();
            let counts = |class: &usize| settings.classes.is_empty() || settings.classes.contains(class);
            let classes = (0..numbers.count.saturating_sub(before)).map(|class| (class, numbers.at(before + class)));
            // The class is what the model says it is: others do not count in its stead.
            let Some((class, likely)) = classes.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(class, _)| counts(class)) else { continue };
            let score = if self == Self::Columns { likely } else { numbers.at(4) * likely };
            let [mut x, mut y, mut wide, mut high] = [0, 1, 2, 3].map(|index| numbers.at(index));
            if let (Self::Cells, Some([column, row, stride])) = (self, place) {
                let stride = stride as f32;
                (x, y) = ((x + column as f32) * stride, (y + row as f32) * stride);
                (wide, high) = (wide.exp() * stride, high.exp() * stride);
            }
            let candidate =
                Candidate { left: x - wide / 2.0, top: y - high / 2.0, right: x + wide / 2.0, bottom: y + high / 2.0, score, class };
            if score >= settings.score && (0.0..right).contains(&x) && (0.0..bottom).contains(&y) && candidate.is_sound() {
                candidates.push(candidate);
            }
        }
        Ok(candidates)
    }

    /// Whether it answers in such dimensions.
    fn fits(self, shape: &[usize], width: usize, height: usize) -> bool {
        let &[1, rows, columns] = shape else { return false };
        let cells = cells(width, height);
        match self {
            Self::Cells => rows == cells && columns >= 6,
            Self::Rows => (rows == cells || rows == ANCHORS * cells) && columns >= 6,
            Self::Columns => columns == cells && rows >= 5,
        }
    }

    /// How many numbers come before those of the classes.
    fn before_classes(self) -> usize {
        if self == Self::Columns { 4 } else { 5 }
    }

    fn boxes(self, answer: &Answer) -> impl Iterator<Item = Numbers<'_>> {
        let (boxes, count, is_row) = match (self, &answer.shape[..]) {
            (Self::Columns, [_, numbers, columns]) => (*columns, *numbers, false),
            (_, [_, rows, numbers]) => (*rows, *numbers, true),
            _ => (0, 0, true),
        };
        (0..boxes).map(move |index| Numbers {
            answer,
            first: if is_row { index * count } else { index },
            step: if is_row { 1 } else { boxes },
            count,
        })
    }
}

/// Every cell of the three grids: its column, its row, and its pixels.
fn grid(width: usize, height: usize) -> impl Iterator<Item = [usize; 3]> {
    STRIDES.into_iter().flat_map(move |stride| {
        let (across, down) = (width / stride, height / stride);
        (0..down).flat_map(move |row| (0..across).map(move |column| [column, row, stride]))
    })
}

fn cells(width: usize, height: usize) -> usize {
    STRIDES.iter().map(|stride| (width / stride) * (height / stride)).sum()
}

fn unfit(answer: &Answer, width: usize, height: usize) -> BadModel {
    let cells = cells(width, height);
    let wanted = format!(
        "1 × {cells} × (5 + classes) as of YOLOX, 1 × {} × (5 + classes) as of YOLOv5, or 1 × (4 + classes) × {cells} as of YOLOv8",
        ANCHORS * cells
    );
    BadModel::Output { wanted, found: answer.size() }
}
