//! A frame that decodes encodes again to the same bytes: everything has exactly one encoding. Errors can be told, and the
//! framer finds the same frames however the stream is cut. What frames cause is left to the other targets.

use taskwire::wire::{decode, encode, peek, Bounds, Deframer, Framing, FramingError, Kind, PADDED_HELLO};

use super::script::seal;

/// Reads `bytes` as a frame, as it is and with a right checksum, and as a stream of frames.
///
/// # Panics
/// When a decoded frame does not encode to what it was decoded from.
pub fn run(bytes: &[u8]) {
    one(bytes);
    let mut sealed = bytes.to_vec();
    seal(&mut sealed);
    one(&sealed);
    stream(bytes);
}

fn one(bytes: &[u8]) {
    let bounds = Bounds::default();
    let _ = peek(bytes).map_err(|error| error.to_string());
    let frame = match decode(bytes, &bounds) {
        Ok(frame) => frame,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(error.offset <= bytes.len(), "an error stands at byte {} of {}", error.offset, bytes.len());
            return;
        }
    };
    assert!(!frame.to_string().contains('\n'), "a frame has one line");
    let mut out = vec![0; 65_507];
    let length = encode(frame.header, &frame.body, &mut out).expect("what came in a frame fits into one");
    let again = decode(&out[..length], &bounds).expect("what was encoded decodes");
    assert_eq!(again, frame, "another frame came back");
    // Extensions are passed over, so that only a frame without any comes back to the byte; HELLO's padding is one.
    if length == bytes.len() && frame.header.kind != Kind::Hello {
        assert_eq!(&out[..length], bytes, "other bytes came back");
    }
    // A HELLO is padded by one extension, which can make it a byte longer than several short ones did.
    let most = bytes.len().max(if frame.header.kind == Kind::Hello { PADDED_HELLO + 1 } else { 0 });
    assert!(length <= most, "{length} bytes came back from {}", bytes.len());
}

/// Cuts the bytes into frames of the length that their first byte says, the stream of them at places that the bytes say,
/// and gives both framers the bare bytes as well: by length they may be refused, as COBS a frame after them is found.
fn stream(bytes: &[u8]) {
    let mut frames: Vec<&[u8]> = Vec::new();
    let mut rest = bytes;
    while let Some(length) = rest.first().map(|byte| usize::from(*byte).max(15)).filter(|length| *length <= rest.len())
    {
        let (frame, later) = rest.split_at(length);
        frames.push(frame);
        rest = later;
    }
    for framing in Framing::ALL {
        let mut sent = Vec::new();
        for frame in &frames {
            wrap(framing, frame, &mut sent);
        }
        let found = deframed(framing, &sent, bytes).expect("what was wrapped is in step");
        assert_eq!(found, frames, "the framer gave other frames");
    }
    let _ = deframed(Framing::LengthPrefixed, bytes, bytes);
    if let Some(frame) = frames.first() {
        let mut sent = bytes.to_vec();
        wrap(Framing::Cobs, frame, &mut sent);
        let found = deframed(Framing::Cobs, &sent, bytes).expect("a COBS stream has no errors");
        assert_eq!(found.last().map(Vec::as_slice), Some(*frame), "the frame after the noise was not found");
    }
}

fn wrap(framing: Framing, frame: &[u8], out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + framing.room(frame.len()), 0);
    let length = framing.wrap(frame, &mut out[at..]).expect("the frame is short");
    out.truncate(at + length);
}

fn deframed(framing: Framing, stream: &[u8], cuts: &[u8]) -> Result<Vec<Vec<u8>>, FramingError> {
    let mut deframer = Deframer::new(framing, 1_200);
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut rest = stream;
    for cut in cuts.iter().chain(std::iter::repeat(&255)) {
        if rest.is_empty() {
            break;
        }
        let (mut now, later) = rest.split_at((usize::from(*cut) + 1).min(rest.len()));
        rest = later;
        while !now.is_empty() {
            let used = deframer.push(now);
            now = &now[used..];
            while let Some(frame) = deframer.next_frame()? {
                found.push(frame.to_vec());
            }
            assert!(deframer.held() <= 1_202, "the framer holds {} bytes", deframer.held());
        }
    }
    Ok(found)
}
