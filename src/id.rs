//! Names and numbers of things: tasks, nodes, peers, sessions, incarnations, slots and frames.
//! What a revision or a position is stands in `revision`.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// The 16 bytes that name a task. Written as a UUID, but any 16 bytes will do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct TaskId(pub [u8; 16]);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a task id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a task id: expected 32 hexadecimal digits, hyphens allowed between them, and found something else at byte {offset}")]
pub struct TaskIdError {
    /// Where the text stops being a task id, in bytes.
    pub offset: usize,
}

impl FromStr for TaskId {
    type Err = TaskIdError;

    /// Reads 32 hexadecimal digits of either case; hyphens between bytes are passed over.
    fn from_str(text: &str) -> Result<TaskId, TaskIdError> {
        let mut id = [0u8; 16];
        let mut digits = 0usize;
        for (offset, byte) in text.bytes().enumerate() {
            let value = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b'A'..=b'F' => byte - b'A' + 10,
                b'-' if digits % 2 == 0 && digits > 0 => continue,
                _ => return Err(TaskIdError { offset }),
            };
            if digits == 32 {
                return Err(TaskIdError { offset });
            }
            id[digits / 2] = id[digits / 2] << 4 | value;
            digits += 1;
        }
        if digits == 32 {
            Ok(TaskId(id))
        } else {
            Err(TaskIdError { offset: text.len() })
        }
    }
}

/// The name of a node or of a controller: 1 to 64 bytes of UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

// Not derived by way of String: that would copy the name at each writing.
impl Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Why a text is not a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a name has 1 to 64 bytes, and this one has {length}")]
pub struct NameError {
    /// Bytes in the text that was given.
    pub length: usize,
}

impl Name {
    /// The longest name, in bytes.
    pub const MAX: usize = 64;

    /// Takes a text of 1 to 64 bytes as a name.
    ///
    /// # Errors
    /// [`NameError`] with the text's length when it has none or more than 64 bytes.
    pub fn new(text: &str) -> Result<Name, NameError> {
        if text.is_empty() || text.len() > Name::MAX {
            return Err(NameError { length: text.len() });
        }
        Ok(Name(String::from(text)))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(text: String) -> Result<Name, NameError> {
        Name::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number!(
    /// The small integer that stands for a task in deltas. Bound by the register entry, part of the record.
    Slot(u32)
);
number!(
    /// The incarnation of an agent: larger at each start. The larger fences the smaller.
    Epoch(u64)
);
number!(
    /// The incarnation of a controller: larger at each start or fail-over.
    Term(u64)
);
number!(
    /// Tells two incarnations of one number (epoch or term) apart; drawn from the host's seed.
    Nonce(u64)
);
number!(
    /// The number of a frame: one counter for each incarnation and direction, never used twice.
    FrameNumber(u64)
);
number!(
    /// The host's own number for a connection, or for a datagram address.
    PeerId(u64)
);
number!(
    /// A node as this controller counts them; stable as long as the controller object lives.
    NodeId(u32)
);

/// The 8 bytes that name a session, made of both sides' nonces and the counter of the HELLO that began it.
/// Zero is no session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct SessionId(pub u64);

impl SessionId {
    /// Frames outside any session carry this.
    pub const NONE: SessionId = SessionId(0);

    /// The id of the session that the agent's HELLO (nonce, counter) and the controller's nonce begin: XXH3-64 over
    /// the three numbers, little-endian, in this order; 1 in place of 0.
    pub fn derive(agent: Nonce, counter: u64, controller: Nonce) -> SessionId {
        let mut bytes = [0u8; 24];
        bytes[..8].copy_from_slice(&agent.0.to_le_bytes());
        bytes[8..16].copy_from_slice(&counter.to_le_bytes());
        bytes[16..].copy_from_slice(&controller.0.to_le_bytes());
        SessionId(xxhash_rust::xxh3::xxh3_64(&bytes).max(1))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn task_id_text_round_trip_and_errors_name_the_place() {
        let text = "0f8fad5b-d9cb-469f-a165-70867728950e";
        let id: TaskId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!("0F8FAD5BD9CB469FA16570867728950E".parse(), Ok(id));
        assert_eq!("0f8fad5x".parse::<TaskId>(), Err(TaskIdError { offset: 7 }));
        assert_eq!("0f".parse::<TaskId>(), Err(TaskIdError { offset: 2 }));
        assert_eq!("-".parse::<TaskId>(), Err(TaskIdError { offset: 0 }));
        assert!((text.to_string() + "0").parse::<TaskId>().is_err());
    }

    #[test]
    fn names_have_1_to_64_bytes() {
        assert!(Name::new("edge-7").is_ok());
        assert_eq!(Name::new(""), Err(NameError { length: 0 }));
        assert!(Name::new(&"x".repeat(64)).is_ok());
        assert_eq!(Name::new(&"x".repeat(65)), Err(NameError { length: 65 }));
    }
}
