//! Models of a few hundred bytes that always answer the same, written as ONNX has it (onnx.proto3, IR version 8).

#![allow(dead_code, reason = "each test binary uses a part of it")]

/// A model: what its picture is like, what it answers, and the list of characters that it names.
pub(crate) struct SmallModel<'a> {
    /// Dimensions of its input; 0 is open.
    pub(crate) input: &'a [u64],
    /// Dimensions of its answer.
    pub(crate) output: &'a [u64],
    /// Its answer.
    pub(crate) numbers: &'a [f32],
    pub(crate) characters: Option<&'a str>,
}

const FLOAT: u64 = 1;

impl SmallModel<'_> {
    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let answer = [
            self.output.iter().flat_map(|size| number(1, *size)).collect(),
            number(2, FLOAT),
            field(8, b"answer"),
            field(9, &self.numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>()),
        ];
        let node = [field(1, b"answer"), field(2, b"output"), field(4, b"Identity")];
        let graph = [
            field(1, &node.concat()),
            field(2, b"graph"),
            field(5, &answer.concat()),
            field(11, &value(b"input", self.input)),
            field(12, &value(b"output", self.output)),
        ];
        let named = |text: &str| field(14, &[field(1, b"character"), field(2, text.as_bytes())].concat());
        [number(1, 8), field(7, &graph.concat()), field(8, &number(2, 13)), self.characters.map(named).unwrap_or_default()].concat()
    }
}

fn value(name: &[u8], sizes: &[u64]) -> Vec<u8> {
    let size = |&size: &u64| if size == 0 { field(1, &field(2, b"open")) } else { field(1, &number(1, size)) };
    let shape: Vec<u8> = sizes.iter().flat_map(size).collect();
    let tensor = [number(1, FLOAT), field(2, &shape)].concat();
    [field(1, name), field(2, &field(1, &tensor))].concat()
}

fn number(tag: u64, value: u64) -> Vec<u8> {
    [varint(tag << 3), varint(value)].concat()
}

fn field(tag: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(tag << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
