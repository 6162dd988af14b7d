//! What holds for any bytes as a picture.

use pandian_vision::picture::{Limits, decode};

/// Small enough for a fuzzer to be quick, and for bombs to be told from pictures.
const LIMITS: Limits = Limits { bytes: 1 << 20, side: 4_000, pixels: 1_000_000 };

/// It is a picture within the limits, or an error that says why not; and nothing panics.
pub(crate) fn check(input: &[u8]) {
    match decode(input, &LIMITS) {
        Ok(picture) => {
            let (width, height) = (picture.width(), picture.height());
            assert!(width.max(height) <= LIMITS.side && width * height <= LIMITS.pixels, "{width} × {height}");
            assert_eq!(picture.pixels().len(), width as usize * height as usize);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
