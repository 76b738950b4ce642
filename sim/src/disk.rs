//! The disk of an agent's host: the records of its journal, of which a part is safe. A crash leaves what was safe, and of
//! the rest what the disk happened to have: some, none, a torn record, records without those before them.

use crate::rng::Rng;

/// A record as it was written.
#[derive(Clone, Debug)]
struct Written {
    key: u64,
    bytes: Vec<u8>,
    /// The newest revision of the agent when it was polled: it says no more than that.
    tail: u64,
}

/// A journal on a disk.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// What earlier lives left, until a checkpoint of this one is safe.
    old: Vec<u8>,
    records: Vec<Written>,
    /// How many of the records are safe.
    synced: usize,
    /// The life in the true log that wrote it last.
    pub life: usize,
    /// Whether all that was ever confirmed is on it.
    pub honest: bool,
    /// The newest revision that any frame has told of.
    pub told: u64,
}

/// What a crash left of the part that was not safe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// All of it, or nothing was unsafe.
    All,
    /// None of it.
    Nothing,
    /// A part, cut anywhere.
    Torn,
    /// Some records, not those before them.
    Holes,
    /// All, with a bit that changed.
    Damaged,
}

impl Disk {
    /// An empty disk of a life.
    pub fn new(life: usize) -> Disk {
        Disk { life, honest: true, ..Disk::default() }
    }

    /// The disk of the next life, which found this in it.
    pub fn continued(&self, life: usize, old: Vec<u8>) -> Disk {
        Disk { old, life, honest: self.honest, told: self.told, ..Disk::default() }
    }

    /// A copy of it, on the machine of a twin.
    pub fn of(self, life: usize) -> Disk {
        Disk { life, ..self }
    }

    /// Writes a record.
    pub fn write(&mut self, key: u64, bytes: &[u8], tail: u64) {
        self.records.push(Written { key, bytes: bytes.to_vec(), tail });
    }

    /// Makes everything up to a key safe.
    pub fn sync(&mut self, key: u64) {
        self.synced = self.synced.max(self.records.iter().take_while(|r| r.key <= key).count());
    }

    /// Deletes what the agent no longer needs.
    pub fn delete_below(&mut self, key: u64) {
        if self.records.first().is_some_and(|first| first.key <= key) && key > 0 {
            self.old.clear();
        }
        let gone = self.records.iter().take_while(|r| r.key < key).count();
        self.records.drain(..gone);
        self.synced = self.synced.saturating_sub(gone);
    }

    /// The newest key written.
    pub fn last_key(&self) -> Option<u64> {
        self.records.last().map(|r| r.key)
    }

    /// No frame may tell of more than this revision.
    pub fn safe_tail(&self) -> u64 {
        self.synced.checked_sub(1).map_or(0, |last| self.records[last].tail)
    }

    /// Whether records are written that are not safe yet.
    pub fn has_unsafe(&self) -> bool {
        self.synced < self.records.len()
    }

    /// What is on the disk after a crash.
    pub fn crash(&self, rng: &mut Rng) -> (Vec<u8>, Left) {
        let mut bytes = self.safe();
        let rest = &self.records[self.synced..];
        let mut left = rng.pick(&[Left::All, Left::Nothing, Left::Torn, Left::Holes, Left::Holes, Left::Damaged]);
        if rest.is_empty() {
            left = Left::All;
        }
        match left {
            Left::Nothing => {}
            Left::Holes => {
                for record in rest {
                    if rng.below(2) == 0 {
                        bytes.extend_from_slice(&record.bytes);
                    } else if rng.below(4) == 0 {
                        bytes.resize(bytes.len() + record.bytes.len(), 0);
                    }
                }
            }
            Left::All | Left::Torn | Left::Damaged => {
                let whole: Vec<u8> = rest.iter().flat_map(|r| r.bytes.iter().copied()).collect();
                let kept = if left == Left::Torn { rng.index(whole.len()) } else { whole.len() };
                let begins = bytes.len();
                bytes.extend_from_slice(&whole[..kept]);
                if left == Left::Damaged {
                    let at = begins + rng.index(whole.len());
                    bytes[at] ^= 1 << rng.below(8);
                }
            }
        }
        (bytes, left)
    }

    /// What is safe.
    pub fn safe(&self) -> Vec<u8> {
        let mut bytes = self.old.clone();
        for record in &self.records[..self.synced] {
            bytes.extend_from_slice(&record.bytes);
        }
        bytes
    }

    /// What is safe, with one bit changed in a record that a later one says was confirmed; `None` where there is none.
    pub fn corrupt(&self, rng: &mut Rng) -> Option<(Vec<u8>, u64)> {
        let records = &self.records[..self.synced];
        // The newest key that any of them says was confirmed.
        let confirmed = records.iter().map(|r| number(&r.bytes, 21)).max()?;
        let known: Vec<usize> = (0..records.len()).filter(|at| records[*at].key <= confirmed).collect();
        let chosen = *known.get(rng.index(known.len().max(1)))?;
        let mut bytes = self.old.clone();
        let mut offset = 0;
        for (at, record) in records.iter().enumerate() {
            if at == chosen {
                offset = bytes.len() as u64;
            }
            let begins = bytes.len();
            bytes.extend_from_slice(&record.bytes);
            if at == chosen {
                let at = begins + rng.index(record.bytes.len());
                bytes[at] ^= 1 << rng.below(8);
            }
        }
        Some((bytes, offset))
    }
}

/// The little-endian number at a place in a record: docs/ARCHITECTURE.md lists them.
fn number(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}
