//! Measures one core: EPCs decoded a second, alone and with the tag URI written into one reused `String`.
//!
//! `cargo run --release -p pandian-epc --example epc_speed [SECONDS]`

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

fn main() {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(1.0);
    let time = Duration::from_secs_f64(seconds);
    println!("{:<10} {:>14} {:>14} {:>14} {:>14}", "million/s", "decode", "+ tag URI", "+ GS1", "+ key");
    for scheme in [Scheme::Sgtin96, Scheme::Sscc96, Scheme::Grai96, Scheme::Giai96, Scheme::Sgtin198, Scheme::Sgln195, Scheme::SgtinPlus] {
        let tags: Vec<_> = (0..COUNT)
            .map(|number| {
                let binary = sample(scheme, number).encode();
                (binary.as_bytes().to_vec(), binary.as_bytes().len() * 8)
            })
            .collect();
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
        let [decode, uri, gs1, key] = [decode, uri, gs1, key].map(|rate| rate / 1e6);
        println!("{:<10} {decode:>14.1} {uri:>14.1} {gs1:>14.1} {key:>14.1}", scheme.name());
    }
}
