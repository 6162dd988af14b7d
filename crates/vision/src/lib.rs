//! What a picture of a storage location shows: pixels in, findings out.
//!
//! Three questions, each with an answer that may be "unsure": which codes are on the labels ([`codes`]), is the slot empty or occupied
//! ([`occupancy`]), and has anything changed since an earlier picture ([`change`]). Whether a picture is fit to be asked at all is told by
//! [`gates`]; markers on the beams prove which location it shows ([`marker`]). Never one percentage for all.
//!
//! With the feature `onnx`, models that a user brings find boxes and read labels (`counter`, `ocr`), each on a thread of its own.
//!
//! Everything runs on the caller's thread and is bounded in pixels and time. No files, no sockets, no state between pictures.

#![forbid(unsafe_code)]

pub mod change;
pub mod codes;
#[cfg(feature = "onnx")]
pub mod counter;
pub mod gates;
pub mod look;
pub mod luma;
pub mod marker;
pub mod mask;
pub mod occupancy;
#[cfg(feature = "onnx")]
pub mod ocr;
#[cfg(feature = "onnx")]
pub mod onnx;
pub mod picture;
mod structure;

pub use luma::{Luma, Point, Quad, Region};
