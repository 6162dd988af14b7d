//! Tags out of LLRP reports and EPCs to their URIs, beside the codecs of others on the same bytes.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::engine::{Goal, settle};
use super::{example, fresh, measure, number, python, root};

/// Rows of the table of tags.
const TAGS: [&str; 4] = ["pandian, borrowed (`TagReports`)", "pandian, owned (`Message`)", "sllurp 3.0.5", "llrpkit 0.3.0"];

/// Everyone in turn; a figure is the best of the rounds.
struct Found {
    /// Millions of tags a second, in the order of [`TAGS`].
    tags: [f64; TAGS.len()],
    epcs: Vec<Epcs>,
}

/// Millions of EPCs of one scheme a second.
struct Epcs {
    scheme: String,
    /// Bits to values.
    decode: f64,
    /// Hex to the pure identity URI.
    uri: f64,
    /// The same by epcpy, which does not know every scheme.
    epcpy: Option<f64>,
}

pub(super) fn run(quick: bool) -> Result<(), Box<dyn Error>> {
    let python = python("rfid")?;
    let (tags, epcs) = (example("pandian-llrp", "llrp_speed")?, example("pandian-epc", "epc_speed")?);
    let folder = fresh("rfid")?;
    let (stream, hex) = (folder.join("tags.llrp"), folder.join("epcs.txt"));
    let (rounds, seconds) = if quick { (1, "0.1") } else { (3, "1") };
    let mut all = Vec::new();
    for _ in 0..rounds {
        let ours = measure(Command::new(&tags).arg("10").arg(&stream))?;
        let ours_of_epcs = measure(Command::new(&epcs).arg(seconds).arg(&hex))?;
        let [sllurp, llrpkit] = [peer(&python, "sllurp", &stream)?, peer(&python, "llrpkit", &stream)?];
        let epcpy = peer(&python, "epcpy", &hex)?;
        all.push(Found {
            tags: [number(&ours, "borrowed"), number(&ours, "owned"), number(&sllurp, "tags"), number(&llrpkit, "tags")],
            epcs: rates(&ours_of_epcs, &epcpy),
        });
    }
    let found = all.into_iter().reduce(Found::better).ok_or("no round was run")?;
    found.print();
    settle(&found.goals())
}

fn peer(python: &Path, name: &str, file: &Path) -> Result<Value, Box<dyn Error>> {
    measure(Command::new(python).arg("-B").arg(root().join("bench/rfid/peers.py")).arg(name).arg(file))
}

fn rates(ours: &Value, epcpy: &Value) -> Vec<Epcs> {
    let schemes = ours.as_object().into_iter().flatten();
    let rate = |(scheme, rates): (&String, &Value)| Epcs {
        scheme: scheme.clone(),
        decode: number(rates, "decode"),
        uri: number(rates, "hex_to_uri"),
        epcpy: epcpy[scheme].as_f64(),
    };
    schemes.map(rate).collect()
}

impl Found {
    fn better(mut self, other: Self) -> Self {
        for (rate, again) in self.tags.iter_mut().zip(other.tags) {
            *rate = rate.max(again);
        }
        for (rates, again) in self.epcs.iter_mut().zip(other.epcs) {
            rates.decode = rates.decode.max(again.decode);
            rates.uri = rates.uri.max(again.uri);
            rates.epcpy = rates.epcpy.zip(again.epcpy).map(|(rate, again)| rate.max(again));
        }
        self
    }

    fn print(&self) {
        let ours = self.tags[0];
        println!("100,000 tags, ten a report; the best of the rounds, everyone in turn\n");
        println!("| | tags/s | borrowed is so many times as fast |\n|---|---|---|");
        for (name, rate) in TAGS.iter().zip(self.tags) {
            println!("| {name} | {} | {:.1} |", thousands(rate), ours / rate);
        }
        println!("\n| scheme | decoded/s | hex to pure identity URI/s | epcpy 0.1.8 | times |\n|---|---|---|---|---|");
        for rates in &self.epcs {
            let (epcpy, times) =
                rates.epcpy.map_or(("–".to_owned(), "–".to_owned()), |epcpy| (thousands(epcpy), format!("{:.0}", rates.uri / epcpy)));
            // What has no URI is only decoded.
            let uri = if rates.scheme.ends_with('+') { "–".to_owned() } else { thousands(rates.uri) };
            println!("| {} | {} | {uri} | {epcpy} | {times} |", rates.scheme, thousands(rates.decode));
        }
    }

    fn goals(&self) -> Vec<Goal> {
        let [borrowed, _, sllurp, _] = self.tags;
        let slowest = self.epcs.iter().map(|rates| rates.decode).fold(f64::INFINITY, f64::min);
        vec![
            Goal::at_least("million tags/s on one core", borrowed, 2.0),
            Goal::at_least("tags/s over sllurp's", borrowed / sllurp, 20.0),
            Goal::at_least("million EPCs/s on one core, the slowest scheme", slowest, 5.0),
        ]
    }
}

/// A rate in millions as a number with separators.
fn thousands(millions: f64) -> String {
    let digits = format!("{:.0}", millions * 1e6);
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
