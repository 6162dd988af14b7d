//! Streams of bytes into frames.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use pandian_llrp::{Frame, FrameError, Framer, HEADER, Version};
use proptest::prelude::*;

/// A frame of `body` zeros.
fn frame(message_type: u16, id: u32, body: usize) -> Vec<u8> {
    let length = (HEADER + body) as u32;
    [&(1 << 10 | message_type).to_be_bytes()[..], &length.to_be_bytes(), &id.to_be_bytes(), &vec![0; body]].concat()
}

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

proptest! {
    #[test]
    fn frames_come_out_the_same_however_the_stream_is_cut(
        bodies in prop::collection::vec(0usize..300, 0..20),
        cuts in prop::collection::vec(1usize..64, 1..50),
    ) {
        let stream: Vec<u8> = bodies.iter().enumerate().flat_map(|(id, body)| frame(61, id as u32, *body)).collect();
        let (mut framer, mut rest, mut found) = (Framer::default(), &stream[..], Vec::new());
        for cut in cuts.iter().cycle() {
            let (mut chunk, after) = rest.split_at((*cut).min(rest.len()));
            while let Some(frame) = framer.take_frame(&mut chunk).unwrap() {
                prop_assert_eq!((frame.version, frame.message_type), (Version::V1_0_1, 61));
                found.push((frame.id, frame.body.len()));
            }
            prop_assert!(chunk.is_empty());
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, bodies.into_iter().enumerate().map(|(id, body)| (id as u32, body)).collect::<Vec<_>>());
        prop_assert_eq!(framer.held(), 0);
    }

    #[test]
    fn no_bytes_panic(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
        let mut framer = Framer::with_limit(1000);
        for chunk in &chunks {
            let mut chunk = &chunk[..];
            while let Ok(Some(_)) = framer.take_frame(&mut chunk) {}
        }
    }

    #[test]
    fn whole_frames_are_borrowed_from_the_input(body in 0usize..5000) {
        let (bytes, mut framer) = (frame(61, 1, body), Framer::default());
        let mut input = &bytes[..];
        let taken = framer.take_frame(&mut input).unwrap().unwrap();
        prop_assert!(body == 0 || std::ptr::eq(taken.body, &bytes[HEADER..]));
        prop_assert_eq!(framer.capacity(), 0);
    }
}

#[test]
fn what_is_no_frame_ends_the_stream_for_good() {
    let told = |bytes: &[u8]| {
        let mut framer = Framer::with_limit(100);
        let error = framer.take_frame(&mut &bytes[..]).unwrap_err();
        let mut good = &frame(62, 1, 0)[..];
        assert_eq!(framer.take_frame(&mut good), Err(error), "every later call gives the same");
        assert_eq!(good.len(), HEADER, "and takes nothing");
        error
    };
    let header = |first: u8, length: u32| [&[first, 62][..], &length.to_be_bytes(), &[0; 4]].concat();
    for version in [0, 4, 5, 6, 7] {
        assert_eq!(told(&header(version << 2, 10)), FrameError::Version { version });
    }
    assert_eq!(told(&header(4, 9)), FrameError::TooShort { length: 9 });
    assert_eq!(told(&header(4, 101)), FrameError::TooLong { length: 101, limit: 100 });
    assert_eq!(told(&header(4, u32::MAX)), FrameError::TooLong { length: u32::MAX, limit: 100 });
}

#[test]
fn the_versions_of_llrp_are_taken_and_reserved_bits_ignored() {
    for (first, version) in [(0x04, Version::V1_0_1), (0x08, Version::V1_1), (0x0C, Version::V2_0), (0xE4, Version::V1_0_1)] {
        let bytes = [first, 62, 0, 0, 0, 10, 0, 0, 0, 9];
        assert_eq!(Framer::default().take_frame(&mut &bytes[..]), Ok(Some(Frame { version, message_type: 62, id: 9, body: &[] })));
    }
}

#[test]
fn one_whole_frame_is_parsed_and_nothing_else() {
    let bytes = frame(62, 7, 3);
    assert_eq!(Frame::parse(&bytes).unwrap().id, 7);
    assert_eq!(Frame::parse(&bytes[..9]), Err(FrameError::Bytes { length: 10, given: 9 }));
    assert_eq!(Frame::parse(&bytes[..12]), Err(FrameError::Bytes { length: 13, given: 12 }));
    assert_eq!(Frame::parse(&[&bytes[..], &[0]].concat()), Err(FrameError::Bytes { length: 13, given: 14 }));
}

#[test]
fn a_claimed_length_takes_no_memory_before_its_bytes_arrive() {
    let mut framer = Framer::default();
    let mut header: &[u8] = &[4, 61, 0, 0x3F, 0xFF, 0xFF, 0, 0, 0, 1];
    assert_eq!(framer.take_frame(&mut header), Ok(None));
    assert!(framer.capacity() < 100, "{}", framer.capacity());
    assert_eq!(framer.held(), HEADER);
}

#[test]
fn memory_is_given_back_after_a_long_frame() {
    let (mut framer, bytes) = (Framer::default(), frame(61, 1, 1 << 20));
    let (mut first, mut second) = bytes.split_at(100);
    assert_eq!(framer.take_frame(&mut first), Ok(None));
    assert_eq!(framer.take_frame(&mut second).unwrap().unwrap().body.len(), 1 << 20);
    assert_eq!(framer.capacity(), bytes.len());
    assert_eq!(framer.take_frame(&mut second), Ok(None));
    assert!(framer.capacity() <= 64 << 10);
}

#[test]
fn a_gibibyte_of_noise_stays_bounded() {
    const LIMIT: usize = 1 << 20;
    let (mut state, mut noise) = (88_172_645_463_325_252, vec![0; (1 << 20) + 4096]);
    noise.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&random(&mut state).to_ne_bytes()[..chunk.len()]));
    let (mut framer, mut fed, mut refused, mut frames) = (Framer::with_limit(LIMIT), 0, 0, 0);
    while fed < 1 << 30 {
        let start = random(&mut state) as usize % 4096;
        let mut chunk = &noise[start..start + 1 + random(&mut state) as usize % (1 << 20)];
        fed += chunk.len();
        while !chunk.is_empty() {
            match framer.take_frame(&mut chunk) {
                Ok(frame) => frames += usize::from(frame.is_some()),
                // What is no frame is the end of a stream: the next byte begins another one, so that none is left out.
                Err(_) => {
                    refused += 1;
                    framer = Framer::with_limit(LIMIT);
                    chunk = chunk.get(1..).unwrap_or_default();
                }
            }
            assert!(framer.capacity() <= LIMIT, "{}", framer.capacity());
        }
    }
    assert!(refused > 1_000_000 && frames > 1_000, "{refused} {frames}");
}
