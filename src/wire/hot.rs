//! ACK and HEARTBEAT by hand: every frame is answered with one of them, and reading or writing them through serde costs
//! more than all the rest of a frame. Only what is right is read here; anything else is left to `strict`, which says what is
//! wrong and where, so that there is one source of errors. What is written is byte for byte what postcard writes.

use super::frame::{Ack, Echo, Heartbeat, StreamNumber};
use super::reader::Reader;
use super::writer::Writer;
use crate::id::FrameNumber;
use crate::revision::{Digest, Position, Revision, Tag};
use crate::time::UnixMillis;

/// The body of an ACK, if it is right.
pub(super) fn ack(reader: &mut Reader<'_>) -> Option<Ack> {
    let mut at = *reader;
    let ack = read_ack(&mut at)?;
    *reader = at;
    Some(ack)
}

/// The body of a HEARTBEAT without new settings, if it is right.
pub(super) fn heartbeat(reader: &mut Reader<'_>) -> Option<Heartbeat> {
    let mut at = *reader;
    let heartbeat = read_heartbeat(&mut at)?;
    *reader = at;
    Some(heartbeat)
}

/// Writes the body of an ACK.
pub(super) fn write_ack(ack: &Ack, writer: &mut Writer<'_>) {
    writer.u8(match ack.stream {
        StreamNumber::Reported => 0,
        StreamNumber::Desired => 1,
    });
    writer.varint(ack.largest.0);
    writer.varint(ack.bitmap);
    writer.varint(ack.delay);
    write_position(ack.position, writer);
    writer.u8(u8::from(ack.staged));
    writer.varint(ack.durable.0);
    writer.varint(ack.credit.0);
    writer.varint(ack.settings.into());
}

/// Writes the body of a HEARTBEAT.
pub(super) fn write_heartbeat(heartbeat: &Heartbeat, writer: &mut Writer<'_>) {
    write_position(heartbeat.tip, writer);
    writer.u8(u8::from(heartbeat.digest.is_some()));
    if let Some(digest) = heartbeat.digest {
        writer.varint(digest.0);
    }
    writer.varint(heartbeat.sent);
    writer.u8(u8::from(heartbeat.echo.is_some()));
    if let Some(echo) = &heartbeat.echo {
        writer.varint(echo.number.0);
        writer.varint(echo.sent);
        writer.varint(echo.received);
        writer.varint(echo.wall.0);
    }
    writer.varint(heartbeat.wall.0);
    writer.varint(heartbeat.settings_version.into());
    writer.u8(u8::from(heartbeat.settings.is_some()));
    if let Some(settings) = &heartbeat.settings {
        writer.varint(settings.version.into());
        writer.varint(settings.heartbeat);
        writer.varint(settings.lease);
    }
    writer.varint(heartbeat.sleep);
    writer.u8(u8::from(heartbeat.ack.is_some()));
    if let Some(ack) = &heartbeat.ack {
        write_ack(ack, writer);
    }
}

fn write_position(position: Position, writer: &mut Writer<'_>) {
    writer.varint(position.revision.0);
    writer.varint(position.tag.0);
}

#[inline]
fn read_ack(reader: &mut Reader<'_>) -> Option<Ack> {
    Some(Ack {
        stream: match number(reader)? {
            0 => StreamNumber::Reported,
            1 => StreamNumber::Desired,
            _ => return None,
        },
        largest: frame_number(reader)?,
        bitmap: number(reader)?,
        delay: number(reader)?,
        position: position(reader)?,
        staged: flag(reader)?,
        durable: revision(reader)?,
        credit: revision(reader)?,
        settings: small(reader)?,
    })
}

fn read_heartbeat(reader: &mut Reader<'_>) -> Option<Heartbeat> {
    Some(Heartbeat {
        tip: position(reader)?,
        digest: if flag(reader)? { Some(Digest(number(reader)?)) } else { None },
        sent: number(reader)?,
        echo: if flag(reader)? { Some(echo(reader)?) } else { None },
        wall: wall(reader)?,
        settings_version: small(reader)?,
        settings: if flag(reader)? { return None } else { None },
        sleep: number(reader)?,
        ack: if flag(reader)? { Some(read_ack(reader)?) } else { None },
    })
}

fn echo(reader: &mut Reader<'_>) -> Option<Echo> {
    Some(Echo { number: frame_number(reader)?, sent: number(reader)?, received: number(reader)?, wall: wall(reader)? })
}

#[inline]
fn number(reader: &mut Reader<'_>) -> Option<u64> {
    reader.varint("").ok()
}

#[inline]
fn small(reader: &mut Reader<'_>) -> Option<u32> {
    number(reader).and_then(|value| u32::try_from(value).ok())
}

#[inline]
fn flag(reader: &mut Reader<'_>) -> Option<bool> {
    match reader.u8("").ok()? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

#[inline]
fn frame_number(reader: &mut Reader<'_>) -> Option<FrameNumber> {
    number(reader).filter(|value| *value < u64::MAX).map(FrameNumber)
}

#[inline]
fn revision(reader: &mut Reader<'_>) -> Option<Revision> {
    number(reader).map(Revision).filter(|revision| *revision <= Revision::LAST)
}

#[inline]
fn position(reader: &mut Reader<'_>) -> Option<Position> {
    Some(Position { revision: revision(reader)?, tag: Tag(number(reader)?) })
}

#[inline]
fn wall(reader: &mut Reader<'_>) -> Option<UnixMillis> {
    number(reader).map(UnixMillis).filter(|wall| *wall <= UnixMillis::LAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{strict, Settings};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn twins(bytes: &[u8]) {
        let (mut fast, mut slow) = (Reader::new(bytes, 0, None), Reader::new(bytes, 0, None));
        let (by_hand, by_serde) = (ack(&mut fast), strict::read::<Ack>(&mut slow));
        assert_eq!(by_hand, by_serde.ok());
        assert_eq!(fast.at(), if by_serde.is_ok() { slow.at() } else { 0 });
        let (mut fast, mut slow) = (Reader::new(bytes, 0, None), Reader::new(bytes, 0, None));
        let (by_hand, by_serde) = (heartbeat(&mut fast), strict::read::<Heartbeat>(&mut slow).ok());
        if by_serde.is_some_and(|heartbeat| heartbeat.settings.is_some()) {
            assert_eq!(by_hand, None);
        } else {
            assert_eq!(by_hand, by_serde);
            assert_eq!(fast.at(), if by_serde.is_some() { slow.at() } else { 0 });
        }
    }

    fn written(write: impl Fn(&mut Writer<'_>), by_serde: &[u8]) {
        let mut room = [0; 512];
        let mut writer = Writer::new(&mut room);
        write(&mut writer);
        assert!(writer.is_whole());
        assert_eq!(writer.written(), by_serde);
        for short in 0..by_serde.len() {
            let mut writer = Writer::new(&mut room[..short]);
            write(&mut writer);
            assert!(!writer.is_whole());
        }
    }

    fn numbers() -> impl Strategy<Value = u64> {
        prop_oneof![0u64..200, any::<u64>(), Just(u64::MAX), Just(u64::MAX - 1), Just(u64::MAX >> 1)]
    }

    prop_compose! {
        fn bodies()(
            stream in any::<bool>(), staged in any::<bool>(), n in proptest::array::uniform12(numbers()),
            settings in any::<u32>(), with in any::<[bool; 3]>(),
        ) -> (Ack, Heartbeat) {
            let ack = Ack {
                stream: if stream { StreamNumber::Desired } else { StreamNumber::Reported },
                largest: FrameNumber(n[0]), bitmap: n[1], delay: n[2],
                position: Position { revision: Revision(n[3]), tag: Tag(n[4]) },
                staged, durable: Revision(n[5]), credit: Revision(n[6]), settings,
            };
            let heartbeat = Heartbeat {
                tip: ack.position,
                digest: with[0].then_some(Digest(n[7])),
                sent: n[8],
                echo: with[1].then_some(Echo {
                    number: FrameNumber(n[9]), sent: n[10], received: n[1], wall: UnixMillis(n[11]),
                }),
                wall: UnixMillis(n[2]),
                settings_version: settings,
                settings: None,
                sleep: n[7],
                ack: with[2].then_some(ack),
            };
            (ack, heartbeat)
        }
    }

    proptest! {
        #[test]
        fn by_hand_and_by_serde_write_the_same((ack, mut heartbeat) in bodies(), version in any::<u32>(), n in numbers()) {
            written(|writer| write_ack(&ack, writer), &postcard::to_allocvec(&ack).unwrap());
            written(|writer| write_heartbeat(&heartbeat, writer), &postcard::to_allocvec(&heartbeat).unwrap());
            heartbeat.settings = Some(Settings { version, heartbeat: n, lease: heartbeat.sent });
            written(|writer| write_heartbeat(&heartbeat, writer), &postcard::to_allocvec(&heartbeat).unwrap());
        }

        #[test]
        fn by_hand_and_by_serde_read_the_same_and_refuse_the_same(
            (ack, heartbeat) in bodies(), at in any::<u16>(), byte in any::<u8>(), cut in any::<bool>(),
        ) {
            for mut bytes in [postcard::to_allocvec(&ack).unwrap(), postcard::to_allocvec(&heartbeat).unwrap()] {
                twins(&bytes);
                let at = usize::from(at) % bytes.len();
                if cut {
                    bytes.truncate(at);
                } else {
                    bytes[at] = byte;
                }
                twins(&bytes);
            }
        }

        #[test]
        fn any_bytes_are_read_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let small: Vec<u8> = bytes.iter().map(|byte| byte % 3).collect();
            twins(&bytes);
            twins(&small);
        }
    }
}
