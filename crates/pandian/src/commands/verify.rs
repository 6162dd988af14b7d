//! `pandian verify`: is everything as it was written?

use serde_json::json;

use super::no_data_directory;
use crate::cli::VerifyArgs;
use crate::fault::{Exit, Fault};
use crate::say;
use crate::words::Lang;

pub(super) async fn verify(args: VerifyArgs, lang: Lang) -> Result<Exit, Fault> {
    let words = lang.words();
    let data = &args.data.data;
    if !data.is_dir() {
        return Err(no_data_directory(data));
    }
    let report = pandian_store::verify(data, args.head).await?;
    let evidence = report.files + report.reads;
    if args.json {
        let problem = report.problem.as_ref().map(|problem| json!({ "code": problem.code(), "message": problem.to_string() }));
        let notes: Vec<String> = report.notes.iter().map(ToString::to_string).collect();
        say::line(json!({
            "good": problem.is_none(),
            "records": report.records,
            "head": report.head.hash,
            "seq": report.head.seq,
            "evidence": evidence,
            "since_expected_head": report.since_expected,
            "problem": problem,
            "notes": notes,
        }))?;
    } else {
        for note in &report.notes {
            say::line(format_args!("{}: {note}", words.note))?;
        }
    }
    if let Some(problem) = report.problem {
        return Err(Fault::new(problem.code(), format!("{}: {problem}", words.chain_broken)));
    }
    if !args.json {
        say::line((words.verified)(report.records, evidence))?;
        if let Some(since) = report.since_expected {
            say::line((words.head_found)(since))?;
        }
        say::line(format_args!("{}  {}", words.head, report.head.hash))?;
    }
    Ok(Exit::Done)
}
