//! The peers: what carries the same updates through encode and decode alone, nothing kept, nothing checked. Each encodes a
//! batch of plain structs into bytes and decodes it into owned structs again; buffers are used again where the peer allows
//! it. JSON names its fields and writes ids as UUIDs, as such reports commonly do; the others have numbers and raw bytes.

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::workload::{Step, Update, Workload};

/// An update as JSON has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Named {
    #[serde(with = "uuid")]
    task_id: [u8; 16],
    status: Status,
    timestamp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Pending,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// The same for binary formats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, bitcode::Encode, bitcode::Decode)]
struct Compact {
    #[serde(with = "serde_bytes")]
    id: [u8; 16],
    state: u8,
    at: u64,
    progress: Option<u8>,
    exit: Option<i32>,
    message: Option<String>,
}

/// The same for Protocol Buffers.
#[derive(Clone, PartialEq, prost::Message)]
struct Proto {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(uint32, tag = "2")]
    state: u32,
    #[prost(uint64, tag = "3")]
    at: u64,
    #[prost(uint32, optional, tag = "4")]
    progress: Option<u32>,
    #[prost(sint32, optional, tag = "5")]
    exit: Option<i32>,
    #[prost(string, optional, tag = "6")]
    message: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ProtoBatch {
    #[prost(message, repeated, tag = "1")]
    updates: Vec<Proto>,
}

/// Ids as UUIDs, without an allocation on either way.
mod uuid {
    use serde::{Deserializer, Serializer};

    const DIGITS: &[u8; 16] = b"0123456789abcdef";

    pub fn serialize<S: Serializer>(id: &[u8; 16], serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (index, byte) in id.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                at += 1;
            }
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 16], D::Error> {
        let text: &str = serde::Deserialize::deserialize(deserializer)?;
        let id: taskwire::TaskId = text.parse().map_err(serde::de::Error::custom)?;
        Ok(id.0)
    }
}

/// The batches that every peer carries, in each of its forms.
pub struct Batches {
    named: Vec<Vec<Named>>,
    compact: Vec<Vec<Compact>>,
    proto: Vec<ProtoBatch>,
    updates: u64,
}

/// What a peer costs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Bytes of an update.
    pub bytes: f64,
    /// What encoding all batches took.
    pub encode: Duration,
    /// What decoding them took.
    pub decode: Duration,
    /// Updates in them.
    pub updates: u64,
}

/// The names of the peers, in the order of [`Batches::carry`].
pub const PEERS: [&str; 6] = ["json", "protobuf", "postcard", "msgpack", "bitcode", "json_zstd"];

impl Batches {
    /// So many batches of so many updates of the workload.
    pub fn new(seed: u64, batches: usize, each: usize, with_text: bool) -> Batches {
        let mut workload = Workload::new(seed, crate::workload::TASKS);
        let mut at = 1_764_000_000_000;
        let mut made = Batches { named: Vec::new(), compact: Vec::new(), proto: Vec::new(), updates: 0 };
        for _ in 0..batches {
            workload.begin_frame();
            let compact: Vec<Compact> = (0..each)
                .map(|_| {
                    let update = workload.draw();
                    at += update.after;
                    compact(&update, at, with_text)
                })
                .collect();
            made.updates += each as u64;
            made.named.push(compact.iter().map(named).collect());
            made.proto.push(ProtoBatch { updates: compact.iter().map(proto).collect() });
            made.compact.push(compact);
        }
        made
    }

    /// Carries all batches by one peer.
    pub fn carry(&self, peer: &str) -> Cost {
        match peer {
            "json" => self.run(
                &self.named,
                |batch, out| serde_json::to_writer(out, batch).expect("it is plain"),
                |bytes| serde_json::from_slice::<Vec<Named>>(bytes).expect("it was encoded"),
            ),
            "protobuf" => self.run(
                &self.proto,
                |batch, out| batch.encode(out).expect("a vector grows"),
                |bytes| ProtoBatch::decode(bytes).expect("it was encoded"),
            ),
            "postcard" => self.run(
                &self.compact,
                |batch, out| {
                    *out = postcard::to_extend(batch, std::mem::take(out)).expect("a vector grows");
                },
                |bytes| postcard::from_bytes::<Vec<Compact>>(bytes).expect("it was encoded"),
            ),
            "msgpack" => self.run(
                &self.compact,
                |batch, out| rmp_serde::encode::write(out, batch).expect("a vector grows"),
                |bytes| rmp_serde::from_slice::<Vec<Compact>>(bytes).expect("it was encoded"),
            ),
            "bitcode" => {
                let (mut encoder, mut decoder) = (bitcode::Buffer::new(), bitcode::Buffer::new());
                self.run(
                    &self.compact,
                    |batch, out| out.extend_from_slice(encoder.encode(batch)),
                    |bytes| decoder.decode::<Vec<Compact>>(bytes).expect("it was encoded"),
                )
            }
            _ => {
                let mut compressor = zstd::bulk::Compressor::new(3).expect("the level exists");
                let mut decompressor = zstd::bulk::Decompressor::new().expect("there is memory");
                let mut plain = Vec::new();
                self.run(
                    &self.named,
                    |batch, out| {
                        plain.clear();
                        serde_json::to_writer(&mut plain, batch).expect("it is plain");
                        *out = compressor.compress(&plain).expect("there is memory");
                    },
                    |bytes| {
                        let plain = decompressor.decompress(bytes, 1 << 20).expect("it was compressed");
                        serde_json::from_slice::<Vec<Named>>(&plain).expect("it was encoded")
                    },
                )
            }
        }
    }

    fn run<B: PartialEq, D: std::borrow::Borrow<B>>(
        &self,
        batches: &[B],
        mut encode: impl FnMut(&B, &mut Vec<u8>),
        mut decode: impl FnMut(&[u8]) -> D,
    ) -> Cost {
        let mut buffers = vec![Vec::with_capacity(1 << 16); batches.len()];
        let began = ThreadTime::now();
        for (batch, buffer) in batches.iter().zip(&mut buffers) {
            encode(black_box(batch), buffer);
        }
        let encoded = began.elapsed();
        let bytes: usize = buffers.iter().map(Vec::len).sum();
        let mut first = true;
        let began = ThreadTime::now();
        for (batch, buffer) in batches.iter().zip(&buffers) {
            let decoded = black_box(decode(black_box(buffer)));
            if std::mem::take(&mut first) {
                assert!(decoded.borrow() == batch, "another batch came back");
            }
        }
        let decoded = began.elapsed();
        let updates = self.updates;
        Cost { bytes: bytes as f64 / updates as f64, encode: encoded, decode: decoded, updates }
    }
}

fn compact(update: &Update, at: u64, with_text: bool) -> Compact {
    let (progress, exit) = match update.step {
        Step::Progress(percent) => (Some(percent), None),
        Step::Succeeded => (None, Some(0)),
        Step::Failed(code) => (None, Some(i32::from(code))),
        Step::Register | Step::Running | Step::Cancelled => (None, None),
    };
    let message = update.message.filter(|_| with_text).map(|text| String::from_utf8_lossy(&text).into_owned());
    Compact { id: update.id.0, state: (update.step.state().code() / 100) as u8, at, progress, exit, message }
}

fn named(update: &Compact) -> Named {
    let status = match update.state {
        1 => Status::Pending,
        2 => Status::Running,
        3 => Status::Succeeded,
        4 => Status::Failed,
        _ => Status::Cancelled,
    };
    Named {
        task_id: update.id,
        status,
        timestamp: update.at,
        progress: update.progress,
        exit_code: update.exit,
        message: update.message.clone(),
    }
}

fn proto(update: &Compact) -> Proto {
    Proto {
        id: update.id.to_vec(),
        state: update.state.into(),
        at: update.at,
        progress: update.progress.map(u32::from),
        exit: update.exit,
        message: update.message.clone(),
    }
}
