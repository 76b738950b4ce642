//! Frames in streams of bytes, by length and as COBS: however the bytes are split, the same frames come out, and no more
//! than a frame is held. A length that no frame has ends the stream with a typed error; a COBS stream finds its place
//! again at the next border, and counts what it dropped. `tests/vectors/framing.jsonl` says the same for any other
//! implementation (tests/vectors.rs).

use proptest::collection::vec;
use proptest::prelude::*;

use taskwire::wire::{Deframer, Dropped, Framing, FramingError, WrapError};

const BOUND: u32 = 1200;

fn wrapped(framing: Framing, frame: &[u8]) -> Vec<u8> {
    let mut out = vec![0xee; framing.room(frame.len())];
    let length = framing.wrap(frame, &mut out).unwrap();
    out.truncate(length);
    out
}

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
            assert!(deframer.held() <= 2 + BOUND as usize);
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

/// Decodes one COBS piece the slow and obvious way; `None` for one that ends too early.
fn naive(piece: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < piece.len() {
        let length = usize::from(piece[at]);
        out.extend_from_slice(piece.get(at + 1..at + length)?);
        at += length;
        if length < 255 && at < piece.len() {
            out.push(0);
        }
    }
    Some(out)
}

fn frame() -> impl Strategy<Value = Vec<u8>> {
    // Zeros often and never, and lengths about the borders of a part.
    prop_oneof![
        vec(any::<u8>(), 15..BOUND as usize),
        vec(prop_oneof![Just(0u8), any::<u8>()], 15..BOUND as usize),
        vec(1u8.., 15..BOUND as usize),
        (prop_oneof![253usize..257, 507usize..511], 0u8..=1).prop_map(|(length, fill)| vec![fill; length]),
    ]
}

fn framing() -> impl Strategy<Value = Framing> {
    prop_oneof![Just(Framing::LengthPrefixed), Just(Framing::Cobs)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_the_bytes_gives_the_same_frames(
        framing in framing(),
        frames in vec(frame(), 0..12),
        pieces in vec(prop_oneof![1usize..4, 1usize..3000], 0..200),
    ) {
        let stream: Vec<u8> = frames.iter().flat_map(|frame| wrapped(framing, frame)).collect();
        let mut deframer = Deframer::new(framing, BOUND);
        prop_assert_eq!(feed(&mut deframer, &stream, &pieces), (frames, None));
        prop_assert_eq!((deframer.held(), deframer.dropped()), (0, Dropped::default()));
    }

    #[test]
    fn a_wrapped_cobs_frame_has_zeros_at_its_ends_alone_and_fits_the_room(frame in frame()) {
        let bytes = wrapped(Framing::Cobs, &frame);
        let inner = &bytes[1..bytes.len() - 1];
        prop_assert_eq!((bytes[0], bytes[bytes.len() - 1]), (0, 0));
        prop_assert!(!inner.contains(&0));
        prop_assert_eq!(naive(inner), Some(frame));
    }

    #[test]
    fn any_noise_then_a_frame_is_found_and_the_noise_is_counted(
        frames in vec(frame(), 1..5),
        noise in vec(vec(any::<u8>(), 0..600), 5),
        pieces in vec(1usize..700, 0..50),
    ) {
        let mut stream = Vec::new();
        let mut noisy = 0;
        for (frame, noise) in frames.iter().zip(&noise) {
            stream.extend_from_slice(noise);
            stream.extend_from_slice(&wrapped(Framing::Cobs, frame));
            noisy += noise.iter().filter(|byte| **byte != 0).count() as u64;
        }
        let mut deframer = Deframer::new(Framing::Cobs, BOUND);
        let (found, error) = feed(&mut deframer, &stream, &pieces);
        prop_assert_eq!(error, None);
        // Noise may look like a frame as well, which its checksum then tells; what was sent is among what was found.
        let mut rest = found.iter();
        prop_assert!(frames.iter().all(|frame| rest.any(|found| found == frame)));
        if found.len() == frames.len() {
            prop_assert_eq!(deframer.dropped().bytes, noisy);
        }
    }

    #[test]
    fn any_bytes_at_all_are_cut_as_the_naive_twin_cuts_them(
        bytes in vec(prop_oneof![4 => 1u8..40, 1 => Just(0u8), 1 => any::<u8>()], 0..2500),
        pieces in vec(1usize..700, 0..50),
    ) {
        let mut deframer = Deframer::new(Framing::Cobs, BOUND);
        let (frames, error) = feed(&mut deframer, &bytes, &pieces);
        prop_assert_eq!(error, None);
        let (mut expected, mut dropped) = (Vec::new(), Dropped::default());
        // What stands after the last border is not over yet.
        let whole = bytes.iter().rposition(|byte| *byte == 0).map_or(0, |last| last + 1);
        for piece in bytes[..whole].split(|byte| *byte == 0).filter(|piece| !piece.is_empty()) {
            match naive(piece).filter(|frame| (15..=BOUND as usize).contains(&frame.len())) {
                Some(frame) => expected.push(frame),
                None => dropped = Dropped { pieces: dropped.pieces + 1, bytes: dropped.bytes + piece.len() as u64 },
            }
        }
        prop_assert_eq!((frames, deframer.dropped()), (expected, dropped));
    }

    #[test]
    fn any_bytes_at_all_end_in_frames_or_an_error_and_hold_no_more_than_a_frame(
        bytes in vec(any::<u8>(), 0..5000),
        pieces in vec(1usize..700, 0..50),
    ) {
        let mut deframer = Deframer::new(Framing::LengthPrefixed, BOUND);
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
    let mut deframer = Deframer::new(Framing::LengthPrefixed, BOUND);
    assert_eq!(deframer.push(&[0xb1, 0x04]), 2);
    let error = deframer.next_frame().unwrap_err();
    assert_eq!(error, FramingError::TooLong { length: 1201, bound: 1200 });
    assert_eq!(error.to_string(), "stream refused: a frame of 1201 bytes is announced, and the bound is 1200");

    let mut deframer = Deframer::new(Framing::LengthPrefixed, BOUND);
    deframer.push(&[14, 0]);
    assert_eq!(deframer.next_frame(), Err(FramingError::TooShort { length: 14, least: 15 }));
    assert_eq!(wrapped(Framing::LengthPrefixed, &[7; 0x1234])[..3], [0x34, 0x12, 7]);
}

#[test]
fn only_frames_are_wrapped_and_only_into_enough_room() {
    let mut out = vec![0xee; 70_000];
    for framing in Framing::ALL {
        assert_eq!(framing.wrap(&[1; 14], &mut out), Err(WrapError::Length { length: 14 }));
        assert_eq!(framing.wrap(&vec![1; 65_536], &mut out), Err(WrapError::Length { length: 65_536 }));
        let needed = framing.room(254);
        let error = framing.wrap(&[1; 254], &mut out[..needed - 1]).unwrap_err();
        assert_eq!(error, WrapError::NoRoom { room: needed - 1, needed });
        assert!(out.iter().all(|byte| *byte == 0xee), "nothing was written");
        // The longest, at its worst: no zero in it.
        let longest = vec![1; 65_535];
        let length = framing.wrap(&longest, &mut out).unwrap();
        assert!(length <= framing.room(65_535));
        let mut deframer = Deframer::new(framing, u32::MAX);
        assert_eq!(deframer.push(&out[..length]), length);
        assert_eq!(deframer.next_frame(), Ok(Some(&longest[..])));
        out.fill(0xee);
    }
    assert_eq!((Framing::LengthPrefixed.room(1200), Framing::Cobs.room(1200)), (1202, 1207));
    assert_eq!(
        Framing::Cobs.wrap(&[1; 3], &mut out).unwrap_err().to_string(),
        "a frame has from 15 to 65535 bytes, and this has 3; nothing was written"
    );
}

#[test]
fn a_line_that_never_sends_a_border_costs_no_more_than_a_frame() {
    let mut deframer = Deframer::new(Framing::Cobs, BOUND);
    for _ in 0..1000 {
        assert_eq!(deframer.push(&[0x55; 997]), 997);
        assert!(deframer.held() <= BOUND as usize);
        assert_eq!(deframer.next_frame(), Ok(None));
    }
    assert_eq!(deframer.dropped(), Dropped::default(), "it is not over yet");
    let frame = vec![9; 400];
    assert_eq!(feed(&mut deframer, &wrapped(Framing::Cobs, &frame), &[]).0, [frame]);
    assert_eq!(deframer.dropped(), Dropped { pieces: 1, bytes: 997_000 });
}
