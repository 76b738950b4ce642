//! A journal that is read again: real records, altered as a script says and given a right check value or not, and bytes that
//! never were one. Either no agent comes of it, with the offset told, or one whose records add up and that can go on.

use taskwire::{Agent, AgentBuilder, AgentConfig, Durability, Exit, Instant, Limits, TaskId, Value};

use super::script::Script;

/// Bytes of a record before its body: length, kind, journal, key, the key confirmed, the check value of the record before.
const HEAD: usize = 4 + 1 + 8 + 8 + 8 + 8;

fn config(epoch: u64) -> AgentConfig {
    let mut config = AgentConfig::new("edge", epoch).expect("a good name");
    config.limits = Limits { slots: 8, log: 64, finals: 4, value: 2_000, ..config.limits };
    config.durability = Durability::WriteAhead;
    config
}

/// Reads `bytes` as a journal, and as a script of what becomes of a real one.
///
/// # Panics
/// When an agent comes of it that does not add up, or an error that says nothing.
pub fn run(bytes: &[u8]) {
    restore(&[bytes]);
    let mut script = Script(bytes);
    let mut records = written(&mut script);
    alter(&mut script, &mut records);
    let chunks: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    restore(&chunks);
}

/// The records of an agent that does what the script says.
fn written(script: &mut Script<'_>) -> Vec<Vec<u8>> {
    let mut agent = Agent::new(config(10), 3).expect("good settings");
    let mut records = Vec::new();
    let mut buffer = vec![0; 4_096];
    for turn in 0..script.below(24) as u64 {
        let now = Instant::from_micros(1_000 * turn);
        let id = TaskId([1 + script.below(6) as u8; 16]);
        let long = vec![7; script.below(8) * 200];
        let _ = match script.below(5) {
            0 => agent.register(now, id, &long),
            1 => agent.running(now, id),
            2 => agent.succeeded(now, id, Exit::Code(0)),
            3 => agent.retry(now, id),
            _ => agent.cancelled(now, id, taskwire::Reason::NONE),
        };
        while let Ok(Some(record)) = agent.poll_journal(&mut buffer) {
            records.push(buffer[..record.length].to_vec());
            if script.below(2) == 0 {
                let _ = agent.journal_confirmed(now, record.key);
            }
        }
    }
    records
}

/// Records are cut, lost, doubled, swapped, and altered with a check value that is right or not.
fn alter(script: &mut Script<'_>, records: &mut Vec<Vec<u8>>) {
    for _ in 0..script.below(4) {
        if records.is_empty() {
            return;
        }
        let at = script.below(records.len());
        match script.below(6) {
            0 => drop(records.remove(at)),
            1 => records.insert(at, records[at].clone()),
            2 => {
                let other = script.below(records.len());
                records.swap(at, other);
            }
            3 => {
                let length = script.below(records[at].len());
                records[at].truncate(length);
            }
            which => {
                let place = script.below(records[at].len());
                records[at][place] ^= 1 << script.below(8);
                if which == 4 {
                    seal_from(records, at);
                }
            }
        }
    }
}

/// Gives the records from `at` on the check values that their bytes have, chained.
fn seal_from(records: &mut [Vec<u8>], at: usize) {
    let mut before: Option<[u8; 8]> = None;
    for record in &mut records[at..] {
        if record.len() < HEAD + 8 {
            return;
        }
        if let Some(check) = before {
            record[HEAD - 8..HEAD].copy_from_slice(&check);
        }
        let body = record.len() - 8;
        let check = Value::new(&record[..body]).hash().to_le_bytes();
        record[body..].copy_from_slice(&check);
        before = Some(check);
    }
}

fn restore(chunks: &[&[u8]]) {
    let mut builder = AgentBuilder::new(config(11), 4).expect("good settings");
    for chunk in chunks {
        builder = match builder.replay(chunk) {
            Ok(builder) => builder,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                return;
            }
        };
    }
    let (mut agent, restored) = match builder.start() {
        Ok(started) => started,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(agent.table().digest(), agent.table().recount(), "{restored:?}");
    assert!(agent.table().len() <= 8);
    let mut buffer = vec![0; 4_096];
    for turn in 0..20 {
        let now = Instant::from_micros(50_000 * turn);
        agent.handle_timeout(now);
        while let Ok(Some(record)) = agent.poll_journal(&mut buffer) {
            let _ = agent.journal_confirmed(now, record.key);
        }
        while let Ok(Some(_)) = agent.poll_transmit(now, &mut buffer) {}
        while agent.poll_event().is_some() {}
    }
    // What was stored of a task goes on: it can end.
    let now = Instant::from_micros(2_000_000);
    let ids: Vec<TaskId> = agent.tasks().filter(|record| !record.state.is_ended()).map(|record| record.id).collect();
    for id in ids {
        agent.cancelled(now, id, taskwire::Reason::NONE).expect("what was admitted can end");
    }
}
