//! Warehouses and lists of the largest size that is promised, in bounded memory. One test, since memory is the process's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

use std::fmt::Write;
use std::path::Path;

use pandian::config::{self, Warehouse};
use pandian::lists::{Limits, ListFile, read_locations};
use pandian_domain::book::Book;

fn load(folder: &Path, text: &str) -> Warehouse {
    std::fs::write(folder.join("warehouse.toml"), text).unwrap();
    config::load(folder, &pandian_sim::catalog()).unwrap_or_else(|error| panic!("{error}"))
}

/// The most memory that the process ever held, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn a_million_locations_their_books_and_ten_thousand_cranes_are_read_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name = \"Large\"\nbook.file = \"book.csv\"\n[[aisle]]\nid = \"A01\"\nbays = 10000\nlevels = 50\n\
        code = \"{aisle}-{side}-{bay:05}-{level:02}\"\n[[crane]]\nid = \"C1\"\naisles = [\"A01\"]\n\
        device.kind = \"sim\"\nreader.kind = \"sim\"\n[simulation]\n";
    // The book must be there before the configuration is right; it is written with the codes that the pattern makes.
    std::fs::write(folder.path().join("book.csv"), "").unwrap();
    let warehouse = load(folder.path(), text);
    assert_eq!(warehouse.layout.slots().len(), 1_000_000);
    assert!(peak_mib() < 200, "a million locations: {} MiB", peak_mib());

    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.path().join("book.csv")).unwrap());
    use std::io::Write as _;
    writeln!(file, "location,item,handling_unit,epc,quantity,unit,price").unwrap();
    for (n, slot) in warehouse.layout.slots().iter().enumerate() {
        writeln!(file, "{},ITEM-{},{n:018},3034257BF7194E40{n:08X},{},pcs,12.50", slot.code, n % 5_000, n % 100).unwrap();
    }
    file.into_inner().unwrap();
    let before = peak_mib();
    let book = warehouse.read_book().unwrap().unwrap();
    assert_eq!(book.len(), 1_000_000);
    assert!(peak_mib() - before < 250, "a million lines of book stock: {} MiB", peak_mib() - before);
    let last = &warehouse.layout.slots()[999_999].code;
    assert_eq!(book.whereabouts("3034257BF7194E40000F423F").unwrap().0, *last);
    assert_eq!(book.lines(last).unwrap().len(), 1);

    let list: String = warehouse.layout.slots().iter().map(|slot| format!("{}\n", slot.code)).collect();
    let file = ListFile::read("list", list.as_bytes(), Limits::default()).unwrap();
    assert_eq!(read_locations(&file, &warehouse.layout).unwrap().len(), 1_000_000);

    let mut text = String::from("name = \"Many\"\n");
    for n in 0..10_000 {
        writeln!(
            text,
            "[[crane]]\nid = \"C{n}\"\nlocations = [\"L{n}\"]\ndevice.kind = \"sim\"\nreader = {{ kind = \"sim\", time = \"1s\" }}"
        )
        .unwrap();
    }
    assert_eq!(load(folder.path(), &text).cranes.len(), 10_000);
    assert!(peak_mib() < 500, "everything: {} MiB", peak_mib());
}
