//! The table of what a reader has heard.

use std::collections::{HashMap, HashSet};

use pandian_domain::{Epc, TagRead};
use tokio::time::Instant;
use unicode_width::UnicodeWidthChar;

use crate::columns::columns;
use crate::words::Words;

/// So many tags are counted, and so many rows kept; of further ones only the reads are counted.
const MOST_TAGS: usize = 10_000;
/// Lines that are no tags: the heading, the sum, and how many tags more there are.
const OTHER_LINES: usize = 4;

/// What was heard, a row for each tag and antenna.
pub(super) struct TagTable {
    rows: HashMap<(Epc, Option<u16>), Row>,
    tags: HashSet<Epc>,
    /// There are more tags than are counted.
    has_more_tags: bool,
    reads: u64,
    /// When the rates were reckoned last.
    reckoned: Instant,
}

struct Row {
    gs1: Option<String>,
    rssi_dbm: Option<f64>,
    reads: u64,
    /// Since the rates were reckoned.
    fresh: u64,
    rate: f64,
    last: Instant,
}

/// The GS1 element string of a tag that has one.
pub(super) fn gs1(epc: &Epc) -> Option<String> {
    pandian_epc::Epc::from_hex(epc.as_str()).ok()?.element_string().map(|gs1| gs1.to_string())
}

impl TagTable {
    pub(super) fn new(now: Instant) -> Self {
        Self { rows: HashMap::new(), tags: HashSet::new(), has_more_tags: false, reads: 0, reckoned: now }
    }

    /// Takes a read down. True for a tag that was not heard before at this antenna.
    pub(super) fn add(&mut self, read: &TagRead, now: Instant) -> bool {
        let reads = u64::from(read.count);
        self.reads += reads;
        if !self.tags.contains(&read.epc) {
            if self.tags.len() == MOST_TAGS {
                self.has_more_tags = true;
            } else {
                self.tags.insert(read.epc.clone());
            }
        }
        let key = (read.epc.clone(), read.antenna);
        if !self.rows.contains_key(&key) && self.rows.len() == MOST_TAGS {
            return false;
        }
        let new = || Row { gs1: gs1(&read.epc), rssi_dbm: None, reads: 0, fresh: 0, rate: 0.0, last: now };
        let row = self.rows.entry(key).or_insert_with(new);
        let is_new = row.reads == 0;
        row.rssi_dbm = read.level_dbm().or(row.rssi_dbm);
        row.reads += reads;
        row.fresh += reads;
        row.last = now;
        is_new
    }

    /// Reckons the rates over the time since this was last done; not more often than once a second.
    pub(super) fn reckon(&mut self, now: Instant) {
        let seconds = (now - self.reckoned).as_secs_f64();
        if seconds < 1.0 {
            return;
        }
        self.reckoned = now;
        for row in self.rows.values_mut() {
            row.rate = std::mem::take(&mut row.fresh) as f64 / seconds;
        }
    }

    /// The table, the loudest tags first, in at most so many lines of so many columns.
    pub(super) fn text(&self, now: Instant, size: Option<[usize; 2]>, words: &Words) -> String {
        let [lines, width] = size.unwrap_or([usize::MAX; 2]);
        let mut heard: Vec<_> = self.rows.iter().collect();
        let loudness = |row: &Row| row.rssi_dbm.unwrap_or(f64::NEG_INFINITY);
        heard.sort_by(|(one, a), (two, b)| loudness(b).total_cmp(&loudness(a)).then_with(|| one.cmp(two)));
        let listen = &words.listen;
        let mut rows = vec![["EPC", "GS1", listen.antenna, "dBm", listen.reads, listen.rate, listen.last].map(str::to_owned).to_vec()];
        for ((epc, antenna), row) in heard.iter().take(lines.saturating_sub(OTHER_LINES).max(1)) {
            let none = || "–".to_owned();
            rows.push(vec![
                epc.to_string(),
                row.gs1.clone().unwrap_or_else(none),
                antenna.map_or_else(none, |antenna| antenna.to_string()),
                row.rssi_dbm.map_or_else(none, |dbm| format!("{dbm:.1}")),
                row.reads.to_string(),
                format!("{:.1}", row.rate),
                (listen.ago)((now - row.last).as_secs_f64()),
            ]);
        }
        let unseen = heard.len() + 1 - rows.len();
        let mut text = if heard.is_empty() { String::new() } else { columns(&rows, 2) };
        if unseen > 0 {
            text += &format!("{}\n", (words.and_more)(unseen));
        }
        let sum = if self.has_more_tags { listen.heard_more } else { listen.heard };
        text += &format!("{}\n", sum(self.tags.len(), self.reads));
        text.lines().map(|line| cut(line, width) + "\n").collect()
    }
}

/// As much of a line as fits.
fn cut(line: &str, width: usize) -> String {
    let mut left = width;
    let fits = |character: &char| {
        let needed = character.width().unwrap_or(0);
        let fits = needed <= left;
        left = if fits { left - needed } else { 0 };
        fits
    };
    line.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::words::Lang;

    fn read(epc: &str, antenna: u16, rssi_dbm: f64, count: u32) -> TagRead {
        TagRead { antenna: Some(antenna), rssi_dbm: Some(rssi_dbm), count, ..TagRead::of(Epc::from_hex(epc).unwrap()) }
    }

    #[test]
    fn the_loudest_tags_come_first_with_their_rates_and_what_they_name() {
        let begun = Instant::now();
        let mut table = TagTable::new(begun);
        assert!(table.add(&read("E2001234", 1, -60.25, 1), begun));
        assert!(table.add(&read("3074257BF7194E4000001A85", 2, -48.0, 2), begun));
        let now = begun + Duration::from_secs(2);
        assert!(!table.add(&read("3074257BF7194E4000001A85", 2, -47.5, 3), now));
        table.reckon(now);
        let wanted = "\
EPC                       GS1                         antenna    dBm  reads  reads/s  last heard
3074257BF7194E4000001A85  (01)80614141123458(21)6789        2  -47.5      5      2.5     0 s ago
E2001234                  –                                 1  -60.2      1      0.5     2 s ago
2 tags heard in 6 reads
";
        assert_eq!(table.text(now, None, Lang::En.words()), wanted);
    }

    #[test]
    fn tags_are_counted_once_however_often_they_are_heard_and_up_to_a_bound() {
        let now = Instant::now();
        let mut table = TagTable::new(now);
        let sum = |table: &TagTable| table.text(now, Some([8, 80]), Lang::En.words()).lines().last().unwrap().to_owned();
        for _ in 0..2 {
            for number in 0..MOST_TAGS {
                table.add(&read(&format!("E2{number:06}"), 1, -50.0, 1), now);
            }
            table.add(&read("E2000000", 2, -50.0, 1), now);
        }
        assert_eq!(sum(&table), "10000 tags heard in 20002 reads");
        assert!(!table.add(&read("E3000000", 1, -50.0, 1), now));
        assert_eq!(sum(&table), "more than 10000 tags heard in 20003 reads");
    }

    #[test]
    fn a_small_screen_has_the_loudest_and_the_number_of_the_others() {
        let now = Instant::now();
        let mut table = TagTable::new(now);
        for number in 0..30_u8 {
            table.add(&read(&format!("E2{number:02}"), 1, -f64::from(number), 1), now);
        }
        let text = table.text(now, Some([8, 20]), Lang::En.words());
        assert_eq!(text.lines().count(), 7);
        assert!(text.lines().all(|line| line.chars().count() <= 20) && text.contains("E203") && !text.contains("E204"), "{text}");
    }
}
