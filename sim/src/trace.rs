//! What a run tells: a hash over everything that happened, always, and one line an event when asked for. What the lines
//! say is left to `world`.

use std::fmt;

use crate::clock::TrueTime;

/// The trace of a run.
#[derive(Debug, Default)]
pub struct Trace {
    hash: u64,
    /// Lines are kept.
    keep: bool,
    /// Lines are printed as they come.
    print: bool,
    lines: Vec<String>,
}

impl Trace {
    /// A trace that keeps only its hash.
    pub fn silent() -> Trace {
        Trace::default()
    }

    /// A trace that prints each line at once.
    pub fn printing() -> Trace {
        Trace { print: true, ..Trace::default() }
    }

    /// A trace that keeps its lines.
    pub fn keeping() -> Trace {
        Trace { keep: true, ..Trace::default() }
    }

    /// Whether lines are wanted.
    pub fn on(&self) -> bool {
        self.keep || self.print
    }

    /// Takes numbers into the hash.
    pub fn mix(&mut self, numbers: &[u64]) {
        for n in numbers {
            self.hash = (self.hash ^ n).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
    }

    /// Takes bytes into the hash.
    pub fn mix_bytes(&mut self, bytes: &[u8]) {
        self.mix(&[xxhash_rust::xxh3::xxh3_64(bytes)]);
    }

    /// One line, made only when lines are wanted.
    pub fn line(&mut self, now: TrueTime, text: impl FnOnce() -> String) {
        if !self.on() {
            return;
        }
        let line = format!("{:>12} {}", Seconds(now), text());
        if self.print {
            println!("{line}");
        }
        if self.keep {
            self.lines.push(line);
        }
    }

    /// The hash over all that was taken in.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines that were kept.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

struct Seconds(TrueTime);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_made_only_when_wanted_and_the_hash_sees_order() {
        let mut silent = Trace::silent();
        silent.line(0, || panic!("nobody asked"));
        let mut keeping = Trace::keeping();
        keeping.line(1_500_000, || "hello".into());
        assert_eq!(keeping.lines(), ["    1.500000 hello"]);
        let (mut a, mut b) = (Trace::silent(), Trace::silent());
        a.mix(&[1, 2]);
        b.mix(&[2, 1]);
        assert_ne!(a.hash(), b.hash());
        let mut c = Trace::silent();
        c.mix(&[1]);
        c.mix(&[2]);
        assert_eq!(a.hash(), c.hash());
    }
}
