//! `pandian llrp`: frames of RFID readers, one a line, as JSON.

use std::io::{self, Write};

use pandian_llrp::parameter::tag::TagParameter;
use pandian_llrp::{DEFAULT_LIMIT, DecodeError, Frame, FrameError, TagReport, TagReports, message_name, message_type};
use serde::Serialize;

use crate::cli::LlrpCommand;
use crate::fault::{Exit, Fault};
use crate::lines::{Line, Refusal, answer, hex, hex_bytes};

/// The longest line taken, in bytes: the longest frame that readers are let send.
const LONGEST: usize = 2 * DEFAULT_LIMIT;

/// A message, or what is wrong with it.
#[derive(Serialize)]
struct Told {
    /// Null where not even the header could be read.
    r#type: Option<&'static str>,
    id: Option<u32>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    Tags(Vec<Tag>),
    Error(Refusal),
}

/// A tag of a report. What the reader does not tell is null.
#[derive(Serialize)]
struct Tag {
    epc: String,
    antenna: Option<u16>,
    rssi_dbm: Option<f64>,
    channel: Option<u16>,
    first_seen_us: Option<u64>,
    last_seen_us: Option<u64>,
    seen_count: Option<u16>,
    raw: Option<String>,
}

impl From<FrameError> for Refusal {
    fn from(error: FrameError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

pub(super) fn llrp(command: LlrpCommand) -> Result<Exit, Fault> {
    match command {
        LlrpCommand::Decode => answer(LONGEST, decode),
    }
}

fn decode(line: Line<'_>, out: &mut dyn Write) -> io::Result<bool> {
    let told = bytes(line).map_or_else(Told::nothing_but, |bytes| match Frame::parse(&bytes) {
        Ok(frame) => Told::of(&frame),
        Err(error) => Told::nothing_but(error.into()),
    });
    serde_json::to_writer(&mut *out, &told)?;
    writeln!(out)?;
    Ok(matches!(told.body, Body::Tags(_)))
}

/// The bytes that a line has the digits of.
fn bytes(line: Line<'_>) -> Result<Vec<u8>, Refusal> {
    let text = line.bytes().map_err(|(_, refusal)| refusal)?;
    hex_bytes(&String::from_utf8_lossy(text))
}

impl Told {
    fn nothing_but(error: Refusal) -> Self {
        Self { r#type: None, id: None, body: Body::Error(error) }
    }

    fn of(frame: &Frame<'_>) -> Self {
        let name = message_name(frame.message_type).unwrap_or("UNLISTED");
        let body = tags(frame).map_or_else(|error| Body::Error(error.into()), Body::Tags);
        Self { r#type: Some(name), id: Some(frame.id), body }
    }
}

/// The tags of a report; none in any other message. The whole message must be good, surveys and results of operations among it.
fn tags(frame: &Frame<'_>) -> Result<Vec<Tag>, DecodeError> {
    frame.decode()?;
    match frame.message_type {
        message_type::RO_ACCESS_REPORT => TagReports::new(frame.body).map(|tag| Tag::of(&tag?, frame)).collect(),
        _ => Ok(Vec::new()),
    }
}

impl Tag {
    fn of(tag: &TagReport<'_>, frame: &Frame<'_>) -> Result<Self, DecodeError> {
        let mut raw = String::new();
        for parameter in tag.parameters() {
            if matches!(parameter.decode()?, TagParameter::Custom(_) | TagParameter::Other(_)) {
                let (header, end) = (if parameter.is_tv() { 1 } else { 4 }, parameter.at() + parameter.body.len());
                raw += &hex(frame.body.get(parameter.at() - header..end).unwrap_or_default());
            }
        }
        Ok(Self {
            epc: hex(&tag.epc.filled_up()),
            antenna: tag.antenna,
            rssi_dbm: tag.rssi_dbm(),
            channel: tag.channel,
            first_seen_us: tag.first_seen_us(),
            last_seen_us: tag.last_seen_us(),
            seen_count: tag.seen_count,
            raw: Some(raw).filter(|raw| !raw.is_empty()),
        })
    }
}
