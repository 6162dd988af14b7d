//! `pandian epc`: EPCs from hex to their other forms and back, one a line.

use std::io::{self, Write};

use pandian_epc::{Epc, EpcError};
use serde::Serialize;

use crate::cli::{EpcCommand, EpcEncodeArgs};
use crate::fault::{Exit, Fault};
use crate::lines::{Line, Refusal, answer, hex_digits};
use crate::lists::shown;

/// The longest line taken, in bytes; no EPC comes near.
const LONGEST: usize = 64 << 10;

/// An EPC in every form that its scheme has.
#[derive(Serialize)]
struct Told<'a> {
    hex: &'a str,
    scheme: &'static str,
    tag_uri: Option<String>,
    pure_uri: Option<String>,
    gs1: Option<String>,
}

impl<'a> Told<'a> {
    fn new(hex: &'a str, epc: &Epc) -> Self {
        Self {
            hex,
            scheme: epc.scheme().name(),
            tag_uri: epc.tag_uri().map(|uri| uri.to_string()),
            pure_uri: epc.pure_uri().map(|uri| uri.to_string()),
            gs1: epc.element_string().map(|gs1| gs1.to_string()),
        }
    }

    fn write(&self, out: &mut dyn Write, json: bool) -> io::Result<()> {
        if json {
            return write_json(out, self);
        }
        let [tag_uri, gs1] = [&self.tag_uri, &self.gs1].map(|form| form.as_deref().unwrap_or("–"));
        writeln!(out, "{:<24}  {:<8}  {tag_uri}  {gs1}", self.hex, self.scheme)
    }
}

/// A line that is no EPC, under the name of what it should have been.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Given<'a> {
    Hex(&'a str),
    Input(&'a str),
}

#[derive(Serialize)]
struct Refused<'a> {
    #[serde(flatten)]
    given: Given<'a>,
    error: Refusal,
}

impl Refused<'_> {
    fn write(&self, out: &mut dyn Write, json: bool) -> io::Result<()> {
        if json {
            return write_json(out, self);
        }
        let (Given::Hex(text) | Given::Input(text)) = self.given;
        writeln!(out, "✗ {}  {}: {}", shown(text), self.error.code, self.error.message)
    }
}

impl From<EpcError> for Refusal {
    fn from(error: EpcError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

pub(super) fn epc(command: EpcCommand) -> Result<Exit, Fault> {
    match command {
        EpcCommand::Decode { json } => answer(LONGEST, |line, out| decode(line, json, out)),
        EpcCommand::Encode(args) => answer(LONGEST, |line, out| encode(line, &args, out)),
    }
}

fn decode(line: Line<'_>, json: bool, out: &mut dyn Write) -> io::Result<bool> {
    let (text, digits) = match line.bytes() {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let digits = hex_digits(&text);
            (text, digits)
        }
        Err((beginning, refusal)) => (String::from_utf8_lossy(beginning), Err(refusal)),
    };
    let read = digits.and_then(|digits| Epc::from_hex(&digits).map(|epc| (digits, epc)).map_err(Refusal::from));
    match &read {
        Ok((digits, epc)) => Told::new(digits, epc).write(out, json)?,
        Err(error) => Refused { given: Given::Hex(&text), error: error.clone() }.write(out, json)?,
    }
    Ok(read.is_ok())
}

fn encode(line: Line<'_>, args: &EpcEncodeArgs, out: &mut dyn Write) -> io::Result<bool> {
    let (text, read) = match line.bytes() {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let read = parse(text.trim(), args).map_err(Refusal::from);
            (text, read)
        }
        Err((beginning, refusal)) => (String::from_utf8_lossy(beginning), Err(refusal)),
    };
    match &read {
        Ok(epc) => Told::new(&epc.encode().to_string(), epc).write(out, args.json)?,
        Err(error) => Refused { given: Given::Input(&text), error: error.clone() }.write(out, args.json)?,
    }
    Ok(read.is_ok())
}

fn parse(text: &str, args: &EpcEncodeArgs) -> Result<Epc, EpcError> {
    if text.is_empty() {
        Err(EpcError::Empty)
    } else if text.starts_with("urn:epc:tag:") {
        Epc::from_tag_uri(text)
    } else if text.starts_with("urn:epc:id:") {
        Epc::from_pure_uri(text, args.scheme, args.filter)
    } else if text.starts_with('(') {
        Epc::from_element_string(text, args.scheme, args.filter, args.prefix_digits)
    } else {
        Err(EpcError::Syntax { expected: "urn:epc:tag:…, urn:epc:id:… or a GS1 element string such as (01)GTIN(21)SERIAL" })
    }
}

fn write_json(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}
