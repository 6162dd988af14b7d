//! scratch
use pandian_vision::codes::*;
use pandian_vision::picture;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
fn main() {
    let budget: u64 = std::env::args().nth(1).map(|s| s.parse().unwrap()).unwrap_or(2000);
    let only = std::env::args().nth(2).unwrap_or_default();
    let itf = std::env::var("NOITF").is_err();
    let formats: Vec<Format> = Format::ALL.into_iter().filter(|f| itf || *f != Format::Itf).collect();
    let settings = CodeSettings { formats, budget: Duration::from_millis(budget), ..Default::default() };
    let list = std::fs::read_to_string("/tmp/photos.tsv").unwrap();
    let mut sets: BTreeMap<String, [f64; 8]> = BTreeMap::new();
    let mut first: BTreeMap<String, u32> = BTreeMap::new();
    for line in list.lines() {
        let mut parts = line.split('\t');
        let (file, set, hex) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        if !set.contains(&only) { continue; }
        let bytes: Vec<u8> = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
        let text = String::from_utf8(bytes).unwrap();
        let tally = sets.entry(set.to_owned()).or_default();
        tally[0] += 1.0;
        let data = std::fs::read(format!("/tmp/photos/{file}")).unwrap();
        let begun = Instant::now();
        let picture = match picture::decode(&data, &picture::Limits::default()) { Ok(p) => p, Err(e) => { println!("BAD {file} {e}"); tally[7] += 1.0; continue } };
        tally[4] += begun.elapsed().as_secs_f64() * 1e3;
        let find = |t: &str| is_same(t, &text).then_some(0);
        let expected = (!text.is_empty()).then_some(Expected { labels: 1, find: &find });
        let seen = read(&picture, &settings, expected);
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        tally[5] += ms(seen.climbed[0].1);
        let total: f64 = seen.climbed.iter().map(|c| ms(c.1)).sum();
        tally[6] += total;
        let right = seen.codes.iter().find(|c| !text.is_empty() && is_same(&c.text, &text));
        if let Some(c) = right {
            if c.rungs[0] == Rung::Plain { tally[1] += 1.0; }
            tally[2] += 1.0;
            *first.entry(format!("{set} {}", c.rungs[0])).or_default() += 1;
        } else {
            println!("{file} {}x{} want {text:?} got {:?} {total:.0} ms", picture.width(), picture.height(), seen.codes.iter().map(|c| (c.text.chars().take(30).collect::<String>(), c.format.name(), c.rungs.iter().map(|r| r.to_string()).collect::<Vec<_>>(), c.is_sure)).collect::<Vec<_>>());
        }
        if seen.codes.iter().any(|c| text.is_empty() || !is_same(&c.text, &text)) { tally[3] += 1.0; }
    }
    println!("set: photos plain right other decode_ms plain_ms ladder_ms bad");
    for (set, t) in sets { println!("{set}: {} {} {} {} {:.2} {:.2} {:.2} {}", t[0], t[1], t[2], t[3], t[4] / t[0], t[5] / t[0], t[6] / t[0], t[7]); }
    println!("{first:?}");
}
