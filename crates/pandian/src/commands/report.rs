//! `pandian report`: what a stocktake came to.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use pandian_domain::Code;

use super::{find, open_existing};
use crate::cli::{ReportArgs, ReportFormat};
use crate::fault::{Exit, Fault, is_broken_pipe};
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
    let mut form: Box<dyn Form + Send> = match args.format {
        ReportFormat::Xlsx => {
            let wanted = || Fault::new(Code::UsageInvalid, "--format xlsx needs --output FILE");
            Box::new(XlsxForm::new(target.ok_or_else(wanted)?, lang))
        }
        ReportFormat::Csv => Box::new(CsvForm::new(output(target)?).map_err(|error| unwritable(target, &error))?),
        ReportFormat::Json => Box::new(JsonForm::new(output(target)?)),
        ReportFormat::Terminal => Box::new(TerminalForm::new(output(target)?, lang, args.full)),
    };
    match make(&store, &summary, &mut *form).await {
        Ok(head) => {
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

fn output(target: Option<&Path>) -> Result<Box<dyn Write + Send>, Fault> {
    Ok(match target {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|error| unwritable(Some(path), &error))?)),
        None => Box::new(BufWriter::new(io::stdout())),
    })
}

fn unwritable(target: Option<&Path>, error: &io::Error) -> Fault {
    let place = target.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    Fault::new(Code::UsageInvalid, format!("cannot write the report to {place}: {error}"))
}
