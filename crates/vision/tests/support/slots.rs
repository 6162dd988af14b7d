//! Slots, as a fuzzer draws them.

use crate::labels::{Label, code128, data_matrix, ean13, itf, qr};

/// Small pictures with a label: the first byte is the width, the others are the pixels.
pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let slot = |label: &Label, quiet: u32| {
        let [width, height] = label.size().map(|side| side as u32 + 2 * quiet);
        let picture = label.on(width, height, quiet, quiet);
        let mut bytes = vec![u8::try_from(width).unwrap()];
        bytes.extend(picture.pixels());
        bytes
    };
    vec![
        ("code128", slot(&code128("HU-1", 1), 10)),
        ("ean13", slot(&ean13("400638133393", 1), 10)),
        ("itf", slot(&itf("1234", 1), 10)),
        ("qr", slot(&qr("HU-1", 2), 8)),
        ("data-matrix", slot(&data_matrix(b"HU-1", 3), 6)),
        ("marker", slot(&data_matrix(b"A", 3), 6)),
    ]
}
