//! Measures one core: EPCs decoded a second, alone and with a text form written into one reused `String`.
//!
//! `cargo run --release -p pandian-epc --example epc_speed [SECONDS [FILE]]`; with FILE the EPCs are written there, scheme and hex a line. The
//! last line is the figures as JSON, in millions a second.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use pandian_epc::{Epc, Scheme};

/// Different values of every scheme, so that no branch is learnt by heart.
const COUNT: u64 = 4096;

fn sample(scheme: Scheme, number: u64) -> Epc {
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (prefix, item, serial) = (spread % 10_000_000, (spread >> 24) % 1_000_000, (spread >> 16) % 200_000_000_000);
    let uri = match scheme {
        Scheme::Sscc96 => format!("urn:epc:id:sscc:{prefix:07}.{:010}", serial % 10_000_000_000),
        Scheme::Sgln195 => format!("urn:epc:id:sgln:{prefix:07}.{:05}.AB%2F{serial}", item % 100_000),
        Scheme::Grai96 => format!("urn:epc:id:grai:{prefix:07}.{:05}.{serial}", item % 100_000),
        Scheme::Giai96 => format!("urn:epc:id:giai:{prefix:07}.{serial}"),
        Scheme::Sgtin198 => format!("urn:epc:id:sgtin:{prefix:07}.{item:06}.AB%2F{serial}x"),
        _ => format!("urn:epc:id:sgtin:{prefix:07}.{item:06}.{serial}"),
    };
    Epc::from_pure_uri(&uri, Some(scheme), 3).expect("a valid sample")
}

/// Runs `work` over all the tags until the time is up; yields EPCs a second.
fn measure(tags: &[(Vec<u8>, usize)], time: Duration, mut work: impl FnMut(&[u8], usize)) -> f64 {
    let (start, mut rounds) = (Instant::now(), 0_u32);
    while start.elapsed() < time {
        tags.iter().for_each(|(bytes, bits)| work(black_box(bytes), *bits));
        rounds += 1;
    }
    f64::from(rounds) * tags.len() as f64 / start.elapsed().as_secs_f64()
}

const SCHEMES: [Scheme; 7] =
    [Scheme::Sgtin96, Scheme::Sscc96, Scheme::Grai96, Scheme::Giai96, Scheme::Sgtin198, Scheme::Sgln195, Scheme::SgtinPlus];

/// What is done with each EPC.
const WORK: [&str; 5] = ["decode", "tag_uri", "gs1", "key", "hex_to_uri"];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|seconds| seconds.parse().ok()).unwrap_or(1.0);
    let time = Duration::from_secs_f64(seconds);
    let mut written = String::new();
    let mut figures = Vec::new();
    println!("{:<10} {}", "million/s", WORK.map(|work| format!("{work:>14}")).join(" "));
    for scheme in SCHEMES {
        let tags: Vec<_> = (0..COUNT)
            .map(|number| {
                let binary = sample(scheme, number).encode();
                (binary.as_bytes().to_vec(), binary.as_bytes().len() * 8)
            })
            .collect();
        let hex: Vec<_> = (0..COUNT).map(|number| sample(scheme, number).encode().to_string()).collect();
        hex.iter().for_each(|hex| written += &format!("{scheme} {hex}\n"));
        let mut text = String::new();
        let decode = measure(&tags, time, |bytes, bits| {
            black_box(Epc::decode(bytes, bits)).expect("valid");
        });
        let uri = measure(&tags, time, |bytes, bits| {
            text.clear();
            let epc = Epc::decode(bytes, bits).expect("valid");
            if let Some(uri) = epc.tag_uri() {
                write!(text, "{uri}").expect("a string takes all");
            }
            black_box(&text);
        });
        let gs1 = measure(&tags, time, |bytes, bits| {
            text.clear();
            let epc = Epc::decode(bytes, bits).expect("valid");
            if let Some(gs1) = epc.element_string() {
                write!(text, "{gs1}").expect("a string takes all");
            }
            black_box(&text);
        });
        let key = measure(&tags, time, |bytes, bits| {
            black_box(Epc::decode(bytes, bits).expect("valid").key());
        });
        let mut number = 0;
        let from_hex = measure(&tags, time, |_, _| {
            text.clear();
            let epc = Epc::from_hex(black_box(&hex[number])).expect("valid");
            if let Some(uri) = epc.pure_uri() {
                write!(text, "{uri}").expect("a string takes all");
            }
            black_box(&text);
            number = (number + 1) % hex.len();
        });
        let rates = [decode, uri, gs1, key, from_hex].map(|rate| rate / 1e6);
        println!("{:<10} {}", scheme.name(), rates.map(|rate| format!("{rate:>14.1}")).join(" "));
        let rates: Vec<_> = WORK.iter().zip(rates).map(|(work, rate)| format!("\"{work}\":{rate:.3}")).collect();
        figures.push(format!("\"{scheme}\":{{{}}}", rates.join(",")));
    }
    if let Some(file) = arguments.next() {
        std::fs::write(&file, written).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
    println!("{{{}}}", figures.join(","));
}
