//! `pandian report`: what a stocktake came to.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use pandian_domain::Code;

use super::{find, open_existing};
use crate::cli::{ReportArgs, ReportFormat};
use crate::fault::{Exit, Fault, code_of_write, is_broken_pipe};
use crate::report::csv::CsvForm;
use crate::report::json::JsonForm;
use crate::report::terminal::TerminalForm;
use crate::report::xlsx::XlsxForm;
use crate::report::{Form, ReportError, make};
use crate::say;
use crate::words::Lang;

pub(super) async fn report(args: ReportArgs, lang: Lang) -> Result<Exit, Fault> {
    let data = &args.data.data;
    let store = open_existing(data).await?;
    let summary = find(&store, data, args.id.as_deref()).await?;
    let target = args.output.as_deref();
    let draft = target.map(Draft::beside);
    let place = draft.as_ref().map(|draft| draft.path.as_path());
    let mut form: Box<dyn Form + Send> = match args.format {
        ReportFormat::Xlsx => {
            let wanted = || Fault::new(Code::UsageInvalid, "--format xlsx needs --output FILE");
            Box::new(XlsxForm::new(place.ok_or_else(wanted)?, lang))
        }
        ReportFormat::Csv => Box::new(output(place).and_then(CsvForm::new).map_err(|error| unwritable(target, &error))?),
        ReportFormat::Json => Box::new(JsonForm::new(output(place).map_err(|error| unwritable(target, &error))?)),
        ReportFormat::Terminal => Box::new(TerminalForm::new(output(place).map_err(|error| unwritable(target, &error))?, lang, args.full)),
    };
    let made = make(&store, &summary, &mut *form).await;
    drop(form);
    match made {
        Ok(head) => {
            draft.map_or(Ok(()), Draft::keep).map_err(|error| unwritable(target, &error))?;
            // The list has no room for it.
            if args.format == ReportFormat::Csv {
                say::aside(format_args!("{}  {head}", lang.words().head));
            }
            Ok(Exit::Done)
        }
        Err(ReportError::Write(error)) if is_broken_pipe(&error) && target.is_none() => Ok(Exit::Done),
        Err(ReportError::Write(error)) => Err(unwritable(target, &error)),
        Err(ReportError::Store(error)) => Err(error.into()),
    }
}

/// A file that takes its name only when it is whole: a report that fails leaves nothing, and what was there before stays.
struct Draft {
    path: PathBuf,
    /// None where it is written in place: to a pipe or a device.
    target: Option<PathBuf>,
}

impl Draft {
    fn beside(target: &Path) -> Self {
        // A link goes on pointing to the report.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let Some(name) = target.file_name().filter(|_| fs::metadata(&target).map_or(true, |there| there.is_file())) else {
            return Self { path: target, target: None };
        };
        let name = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
        Self { path: target.with_file_name(name), target: Some(target) }
    }

    fn keep(mut self) -> io::Result<()> {
        match &self.target {
            Some(target) => fs::rename(&self.path, target).inspect(|()| self.target = None),
            None => Ok(()),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.target.is_some() {
            // It may never have been begun.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn output(target: Option<&Path>) -> io::Result<Box<dyn Write + Send>> {
    Ok(match target {
        Some(path) => Box::new(BufWriter::new(File::create(path)?)),
        None => Box::new(BufWriter::new(io::stdout())),
    })
}

fn unwritable(target: Option<&Path>, error: &io::Error) -> Fault {
    let (place, otherwise) = match target {
        Some(path) => (path.display().to_string(), Code::UsageInvalid),
        None => ("standard output".to_owned(), Code::Internal),
    };
    Fault::new(code_of_write(error, otherwise), format!("cannot write the report to {place}: {error}"))
}
