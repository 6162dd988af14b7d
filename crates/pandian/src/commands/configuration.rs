//! `pandian config`, `pandian explain`, `pandian completions`: commands that need neither devices nor data.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;
use pandian_domain::Code;

use crate::assemble::load;
use crate::cli::{Cli, ConfigCommand};
use crate::fault::{Exit, Fault, is_broken_pipe};
use crate::words::Lang;
use crate::{config, explain as pages};

pub(super) fn configuration(command: ConfigCommand, lang: Lang) -> Result<Exit, Fault> {
    match command {
        ConfigCommand::Schema => {
            let text = serde_json::to_string_pretty(&config::schema(&crate::assemble::catalog())).unwrap_or_default();
            print(&format!("{text}\n"))
        }
        ConfigCommand::Check { warehouse } => {
            let warehouse = load(&warehouse)?;
            warehouse.read_book().map_err(crate::assemble::list_fault)?;
            let text = (lang.words().config_good)(&warehouse.name, warehouse.layout.slots().len(), warehouse.layout.lanes().len());
            print(&format!("{text}\n"))
        }
    }
}

pub(super) fn explain(code: Option<&str>, lang: Lang) -> Result<Exit, Fault> {
    let Some(text) = code else {
        return print(&Code::ALL.iter().map(|code| format!("{code}\n")).collect::<String>());
    };
    let code: Code = text.parse().map_err(|error| Fault::new(Code::UsageInvalid, format!("{error}; \"pandian explain\" lists them")))?;
    let page = pages::page(code, lang).ok_or_else(|| Fault::new(Code::Internal, format!("there is no page for {code}")))?;
    print(&format!("{page}\n"))
}

pub(super) fn completions(shell: Shell) -> Result<Exit, Fault> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "pandian", &mut script);
    print(&String::from_utf8_lossy(&script))
}

fn print(text: &str) -> Result<Exit, Fault> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if !is_broken_pipe(&error) => Err(error.into()),
        _ => Ok(Exit::Done),
    }
}
