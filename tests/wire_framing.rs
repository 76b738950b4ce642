//! The length-prefixed framer: however the bytes are split, the same frames come out; it never holds more than a frame;
//! a length that no frame has ends the stream with a typed error.

use proptest::collection::vec;
use proptest::prelude::*;

use taskwire::wire::{prefix, Deframer, FramingError, PREFIX};

const BOUND: u32 = 1200;

/// Feeds `bytes` in pieces and returns the frames and the error that came out.
fn feed(deframer: &mut Deframer, bytes: &[u8], pieces: &[usize]) -> (Vec<Vec<u8>>, Option<FramingError>) {
    let (mut frames, mut rest, mut turn) = (Vec::new(), bytes, 0);
    while !rest.is_empty() {
        let piece = pieces.get(turn).copied().unwrap_or(rest.len()).clamp(1, rest.len());
        turn += 1;
        let mut given = &rest[..piece];
        rest = &rest[piece..];
        while !given.is_empty() {
            let taken = deframer.push(given);
            assert!(deframer.held() <= PREFIX + BOUND as usize);
            given = &given[taken..];
            let before = frames.len();
            loop {
                match deframer.next_frame() {
                    Ok(Some(frame)) => frames.push(frame.to_vec()),
                    Ok(None) => break,
                    Err(error) => return (frames, Some(error)),
                }
            }
            assert!(taken > 0 || frames.len() > before, "it neither takes nor gives");
        }
    }
    (frames, None)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_the_bytes_gives_the_same_frames(
        frames in vec(vec(any::<u8>(), 15..BOUND as usize), 0..12),
        pieces in vec(prop_oneof![1usize..4, 1usize..3000], 0..200),
    ) {
        let mut stream = Vec::new();
        for frame in &frames {
            stream.extend_from_slice(&prefix(frame.len()).unwrap());
            stream.extend_from_slice(frame);
        }
        let mut deframer = Deframer::new(BOUND);
        prop_assert_eq!(feed(&mut deframer, &stream, &pieces), (frames, None));
        prop_assert_eq!(deframer.held(), 0);
    }

    #[test]
    fn any_bytes_at_all_end_in_frames_or_an_error_and_hold_no_more_than_a_frame(
        bytes in vec(any::<u8>(), 0..5000),
        pieces in vec(1usize..700, 0..50),
    ) {
        let mut deframer = Deframer::new(BOUND);
        let (frames, error) = feed(&mut deframer, &bytes, &pieces);
        prop_assert!(frames.iter().all(|frame| (15..=BOUND as usize).contains(&frame.len())));
        if let Some(error) = error {
            prop_assert_eq!(deframer.next_frame(), Err(error));
            prop_assert_eq!(deframer.push(&bytes), bytes.len());
            prop_assert_eq!(deframer.next_frame(), Err(error));
            prop_assert_eq!(deframer.held(), 0);
        }
    }
}

#[test]
fn a_length_that_no_frame_has_is_an_error_that_says_which() {
    let mut deframer = Deframer::new(BOUND);
    assert_eq!(deframer.push(&[0xb1, 0x04]), 2);
    let error = deframer.next_frame().unwrap_err();
    assert_eq!(error, FramingError::TooLong { length: 1201, bound: 1200 });
    assert_eq!(error.to_string(), "stream refused: a frame of 1201 bytes is announced, and the bound is 1200");

    let mut deframer = Deframer::new(BOUND);
    deframer.push(&[14, 0]);
    assert_eq!(deframer.next_frame(), Err(FramingError::TooShort { length: 14, least: 15 }));

    assert_eq!(prefix(14), Err(FramingError::TooShort { length: 14, least: 15 }));
    assert_eq!(prefix(65_536), Err(FramingError::TooLong { length: 65_536, bound: 65_535 }));
    assert_eq!(prefix(0x1234), Ok([0x34, 0x12]));
}
