//! `pandian config`, `pandian explain`, `pandian completions`: commands that need neither devices nor data.

use clap::CommandFactory;
use clap_complete::Shell;
use pandian_domain::Code;

use crate::assemble::load;
use crate::cli::{Cli, ConfigCommand};
use crate::fault::{Exit, Fault};
use crate::say;
use crate::words::Lang;
use crate::{config, explain as pages};

pub(super) fn configuration(command: ConfigCommand, lang: Lang) -> Result<Exit, Fault> {
    match command {
        ConfigCommand::Schema => {
            let text = serde_json::to_string_pretty(&config::schema(&crate::assemble::catalog())).unwrap_or_default();
            say::line(text)?;
            Ok(Exit::Done)
        }
        ConfigCommand::Check { warehouse } => {
            let warehouse = load(&warehouse)?;
            warehouse.read_book().map_err(crate::assemble::list_fault)?;
            let text = (lang.words().config_good)(&warehouse.name, warehouse.layout.slots().len(), warehouse.layout.lanes().len());
            say::line(text)?;
            Ok(Exit::Done)
        }
    }
}

pub(super) fn explain(code: Option<&str>, lang: Lang) -> Result<Exit, Fault> {
    let Some(text) = code else {
        say::text(Code::ALL.iter().map(|code| format!("{code}\n")).collect::<String>())?;
        return Ok(Exit::Done);
    };
    let code: Code = text.parse().map_err(|error| Fault::new(Code::UsageInvalid, format!("{error}; \"pandian explain\" lists them")))?;
    let page = pages::page(code, lang).ok_or_else(|| Fault::new(Code::Internal, format!("there is no page for {code}")))?;
    say::line(page)?;
    Ok(Exit::Done)
}

pub(super) fn completions(shell: Shell) -> Result<Exit, Fault> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "pandian", &mut script);
    say::text(String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
