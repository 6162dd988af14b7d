//! Saying something on standard output or standard error, where nobody may be listening any more (`| head`).

use std::fmt::Display;
use std::io::{self, Write};

use crate::fault::{Fault, is_broken_pipe};

/// Writes a line to standard output. That nobody reads it any more is no error.
pub fn line(line: impl Display) -> Result<(), Fault> {
    text(format_args!("{line}\n"))
}

/// Writes a text that ends its own lines to standard output.
pub fn text(text: impl Display) -> Result<(), Fault> {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if !is_broken_pipe(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a line to standard error, if that can still be had.
pub fn aside(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
