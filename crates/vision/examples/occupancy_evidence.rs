//! Writes what the judge of occupancy sees on a folder of pictures, one line each, for fitting its weights.
#![allow(clippy::unwrap_used, clippy::print_stdout)]
use std::path::Path;
use std::time::Instant;
use pandian_vision::occupancy::{Reference, References, Slot};
use pandian_vision::{Luma, Region, picture};

fn read(path: &Path) -> Luma {
    picture::decode(&std::fs::read(path).unwrap(), &picture::Limits::default()).unwrap()
}

fn main() {
    let mut names = true;
    for folder in std::env::args().skip(1) {
        let folder = Path::new(&folder);
        let table = std::fs::read_to_string(folder.join("truths.csv")).unwrap();
        let mut last: Option<(String, References)> = None;
        for line in table.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let number = |at: usize| fields[at].parse::<f32>().unwrap();
            let opening = Region { left: number(6), top: number(7), right: number(8), bottom: number(9) };
            if last.as_ref().is_none_or(|(names, _)| names != fields[1]) {
                let references: Vec<Reference> = fields[1].split(' ').map(|name| Reference::prepare(&read(&folder.join(name)), &Slot { opening, beam: std::env::var("NOBEAM").is_err().then_some(opening.bottom) })).collect();
                last = Some((fields[1].to_owned(), References::of(&references.iter().collect::<Vec<_>>())));
            }
            let picture = read(&folder.join(fields[0]));
            let (_, references) = last.as_ref().unwrap();
            let began = Instant::now();
            let values = references.probe(&picture);
            let ms = began.elapsed().as_secs_f32() * 1000.0;
            if names { println!("picture,occupied,kind,family,ms,{}", values.iter().map(|v| v.0.clone()).collect::<Vec<_>>().join(",")); names = false }
            let values: Vec<String> = values.iter().map(|value| format!("{:.4}", value.1)).collect();
            println!("{},{},{},{},{:.1},{}", fields[0], fields[2], fields[3], fields[4], ms, values.join(","));
        }
    }
}
