//! `pandian report`: what a stocktake came to.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use pandian_domain::Code;

use super::{find, open_existing};
use crate::cli::{ReportArgs, ReportFormat};
use crate::draft::Draft;
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
