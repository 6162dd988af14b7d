//! How many tags a second one core reads out of a stream of 100,000 reports, as it would come over the network.
//!
//! `cargo run --release -p pandian-llrp --example llrp_speed [TAGS_PER_FRAME [FILE]]`; with FILE the stream is written there.
//! The last line is the medians as JSON, in millions of tags a second.

use std::hint::black_box;
use std::time::Instant;

use pandian_llrp::message::RoAccessReport;
use pandian_llrp::parameter::tag::{
    AntennaId, ChannelIndex, Epc96, FirstSeenUtc, LastSeenUtc, PeakRssi, RoSpecId, TagReportData, TagSeenCount,
};
use pandian_llrp::{Framer, Message, TagReports, Version};

const TAGS: u32 = 100_000;
const CHUNK: usize = 16 << 10;
const ROUNDS: u32 = 30;

fn tag(number: u32) -> TagReportData {
    let mut epc = *b"\x30\x74\x25\x7B\xF7\x19\x4E\x40\0\0\0\0";
    epc[8..].copy_from_slice(&number.to_be_bytes());
    let seen = 1_700_000_000_000_000 + u64::from(number) * 500;
    TagReportData::from_iter([
        Epc96(epc).into(),
        RoSpecId(1).into(),
        AntennaId(1 + (number % 4) as u16).into(),
        PeakRssi(-40 - (number % 30) as i8).into(),
        ChannelIndex(1 + (number % 16) as u16).into(),
        FirstSeenUtc(seen).into(),
        LastSeenUtc(seen + 250).into(),
        TagSeenCount(1 + (number % 9) as u16).into(),
    ])
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let per_frame = arguments.next().map_or(Ok(10), |count| count.parse::<u32>())?.max(1);
    let mut stream = Vec::new();
    for first in (0..TAGS).step_by(per_frame as usize) {
        let tags = (first..TAGS.min(first + per_frame)).map(tag).collect();
        Message::RoAccessReport(RoAccessReport { tags, ..Default::default() }).encode_to(Version::V1_0_1, first, &mut stream)?;
    }
    if let Some(file) = arguments.next() {
        std::fs::write(file, &stream)?;
    }
    println!("{TAGS} tags, {per_frame} a frame, {} bytes, read in chunks of {CHUNK}", stream.len());

    let run = |name: &str, read: &dyn Fn(&[u8]) -> Outcome<u32>| -> Outcome<f64> {
        let mut seconds = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            assert_eq!(read(&stream)?, TAGS);
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let rate = |seconds: f64| f64::from(TAGS) / seconds / 1e6;
        println!("{name}: {:.1} million tags/s (median of {ROUNDS}; best {:.1})", rate(seconds[seconds.len() / 2]), rate(seconds[0]));
        Ok(rate(seconds[seconds.len() / 2]))
    };
    let borrowed = run("borrowed (TagReports)", &|stream| {
        let (mut framer, mut count) = (Framer::default(), 0);
        for mut chunk in stream.chunks(CHUNK) {
            while let Some(frame) = framer.take_frame(&mut chunk)? {
                for tag in TagReports::new(frame.body) {
                    black_box(tag?);
                    count += 1;
                }
            }
        }
        Ok(count)
    })?;
    let owned = run("owned (Message)", &|stream| {
        let (mut framer, mut count) = (Framer::default(), 0);
        for mut chunk in stream.chunks(CHUNK) {
            while let Some(frame) = framer.take_frame(&mut chunk)? {
                if let Message::RoAccessReport(report) = black_box(frame.decode()?) {
                    count += report.tags.len() as u32;
                }
            }
        }
        Ok(count)
    })?;
    println!("{{\"borrowed\":{borrowed:.3},\"owned\":{owned:.3}}}");
    Ok(())
}
