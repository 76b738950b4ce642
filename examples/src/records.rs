//! The lines that hosts write: a transition as the agent's truth log and the controller's audit history have it, and
//! the controller's view as it is dumped. What is compared with what is left to `compare`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One transition. The truth log (`c/truth.c`) and the audit history write the same keys; what only one of them knows
/// is left out by the other.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Transition {
    /// The node.
    pub node: String,
    /// The task, as a UUID.
    pub task: String,
    /// From 1, which is the registration.
    pub number: u32,
    /// From 0.
    pub attempt: u32,
    /// PENDING, RUNNING, SUCCEEDED, FAILED, CANCELLED.
    pub state: String,
    /// For machines.
    pub reason: String,
    /// How the process ended, if it exited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How the process ended, if a signal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Milliseconds since 1970, by the agent.
    pub at: u64,
    /// The agent's epoch.
    pub epoch: u64,
    /// The W3C trace id, 32 hexadecimal digits; empty for none.
    #[serde(default)]
    pub trace_id: String,
    /// For people.
    #[serde(flatten, with = "message")]
    pub message: Bytes,
    /// What the attempt produced.
    #[serde(flatten, with = "result")]
    pub result: Bytes,
    /// Given with the registration.
    #[serde(flatten, with = "metadata")]
    pub metadata: Bytes,
    /// Whether the message is cut at its bound.
    #[serde(default, skip_serializing_if = "is_false")]
    pub message_cut: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Bytes that are usually text: in JSON under their key as text, or under `key_hex` where they are no UTF-8.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Bytes(pub Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Two digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    (digits.len() % 2 == 0).then(|| digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect())
}

macro_rules! bytes_key {
    ($module:ident, $key:literal, $hex_key:literal) => {
        mod $module {
            use super::{from_hex, hex, Bytes};
            use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};

            #[derive(Serialize, Deserialize, Default)]
            struct Keys {
                #[serde(rename = $key, default, skip_serializing_if = "String::is_empty")]
                text: String,
                #[serde(rename = $hex_key, default, skip_serializing_if = "String::is_empty")]
                raw: String,
            }

            pub fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
                match std::str::from_utf8(&bytes.0) {
                    Ok(text) => Keys { text: text.to_owned(), raw: String::new() },
                    Err(_) => Keys { text: String::new(), raw: hex(&bytes.0) },
                }
                .serialize(serializer)
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
                let keys = Keys::deserialize(deserializer)?;
                if keys.raw.is_empty() {
                    return Ok(Bytes(keys.text.into_bytes()));
                }
                from_hex(&keys.raw).map(Bytes).ok_or_else(|| D::Error::custom(concat!($hex_key, ": not hexadecimal")))
            }
        }
    };
}
bytes_key!(message, "message", "message_hex");
bytes_key!(result, "result", "result_hex");
bytes_key!(metadata, "metadata", "metadata_hex");

/// One line of the audit history.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AuditLine {
    /// A transition, with the identity of its entry.
    Transition {
        /// Its place in the node's history.
        revision: u64,
        /// The tag reached by it.
        tag: String,
        /// When the controller's host saw it, in milliseconds since 1970.
        seen_at: u64,
        /// Who says so.
        source: String,
        /// Whether the host may have seen it before.
        #[serde(default, skip_serializing_if = "is_false")]
        may_be_repeat: bool,
        /// What happened.
        #[serde(flatten)]
        transition: Box<Transition>,
    },
    /// A task was forgotten: no attempt will follow.
    Forgotten {
        /// The node.
        node: String,
        /// The task.
        task: String,
        /// The tombstone's place in the node's history.
        revision: u64,
        /// The tag reached by it.
        tag: String,
        /// When the controller's host saw it.
        seen_at: u64,
    },
    /// Anything else that the controller told: nodes coming and going, repairs, gaps.
    News {
        /// The node.
        node: String,
        /// What, in one word.
        what: String,
        /// All of it, for people.
        text: String,
        /// When the controller's host saw it.
        seen_at: u64,
    },
}

/// The controller's view at one moment.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ViewDump {
    /// The controller's term.
    pub term: u64,
    /// All nodes.
    pub nodes: Vec<NodeDump>,
    /// All counters, by name.
    pub metrics: BTreeMap<String, Value>,
}

/// A node in the view.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct NodeDump {
    /// Its name.
    pub name: String,
    /// Live, Suspect, Lost, Left, NotReportedYet.
    pub reachability: String,
    /// Whether the view has reached what the node said when it opened.
    pub synced: bool,
    /// Its epoch.
    pub epoch: u64,
    /// The newest entry applied.
    pub received: u64,
    /// The newest entry committed.
    pub durable: u64,
    /// All its tasks.
    pub tasks: Vec<TaskDump>,
}

/// A task in the view.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TaskDump {
    /// Its newest transition.
    #[serde(flatten)]
    pub newest: Transition,
    /// Whether its agent said that no attempt will follow.
    pub forgotten: bool,
    /// Whether the knowledge is older than the node's silence allows.
    pub stale: bool,
    /// What the controller notes beside it, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// Progress of the running attempt, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> Transition {
        Transition {
            node: "edge-1".into(),
            task: "0f8fad5b-d9cb-469f-a165-70867728950e".into(),
            number: 3,
            state: "FAILED".into(),
            reason: "ExitCode".into(),
            exit_code: Some(3),
            at: 5,
            epoch: 2,
            message: Bytes(b"no \"such\" sensor".to_vec()),
            result: Bytes(vec![0xff, 0x00]),
            ..Transition::default()
        }
    }

    #[test]
    fn a_line_reads_back_as_it_was_written_also_where_bytes_are_no_text() {
        let line = AuditLine::Transition {
            revision: 9,
            tag: "00".into(),
            seen_at: 7,
            source: "Host".into(),
            may_be_repeat: false,
            transition: Box::new(failed()),
        };
        let text = serde_json::to_string(&line).unwrap();
        assert!(text.contains("\"event\":\"transition\"") && text.contains("\"result_hex\":\"ff00\""), "{text}");
        assert_eq!(serde_json::from_str::<AuditLine>(&text).unwrap(), line);
    }

    #[test]
    fn a_line_of_the_agent_in_c_is_understood() {
        // As c/truth.c writes it.
        let text = r#"{"task":"0f8fad5b-d9cb-469f-a165-70867728950e","number":3,"attempt":0,"state":"FAILED","reason":"ExitCode","at":5,"epoch":2,"exit_code":3,"node":"edge-1","name":"x","message":"no \"such\" sensor","result_hex":"ff00","trace_id":""}"#;
        assert_eq!(serde_json::from_str::<Transition>(text).unwrap(), failed());
    }
}
