//! Pipes, and lists that are too long.

use std::io::{self, Read, Write};

use super::stand::Stand;
use pandian::lists::{Limits, ListFile};

/// A real pipe whose writer ends after `text`.
fn pipe(text: &'static str) -> impl Read {
    let (reader, mut writer) = io::pipe().unwrap();
    std::thread::spawn(move || writer.write_all(text.as_bytes()).unwrap());
    reader
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(io::ErrorKind::ConnectionReset, "the other end is gone"))
    }
}

#[test]
fn streams_that_end_early_or_never() {
    let mut stand = Stand::new();
    let name = "standard input";
    stand.locations_in("nothing comes", ListFile::read(name, pipe(""), Limits::default()));
    stand.locations_in("it ends in a quoted cell", ListFile::read(name, pipe("location,note\n8号,a\n\"1号\",\"b"), Limits::default()));
    stand.locations_in("it ends in a row", ListFile::read(name, pipe("note,location\na,8号\nb"), Limits::default()));
    stand.locations_in("it breaks", ListFile::read(name, "location\n8号\n".as_bytes().chain(Broken), Limits::default()));
    stand.locations_in("it never ends", ListFile::read(name, io::repeat(b'8'), Limits { bytes: 1 << 20, ..Limits::default() }));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn ten_million_lines_are_read_and_one_more_is_refused() {
    let mut stand = Stand::new();
    let line = "A1-L-01-1\n";
    let mut list = String::with_capacity(10 + line.len() * 10_000_001);
    list.push_str("location\n");
    list.extend(std::iter::repeat_n(line, 10_000_001));
    stand.locations_in("ten million and one", ListFile::read("standard input", list.as_bytes(), Limits::default()));
    insta::assert_snapshot!(stand.told());
}
