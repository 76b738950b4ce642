//! The link of a script: frames on their way, and the rules that a script gives for the next ones of a kind.

use taskwire::wire::Kind;

/// Which way a frame goes, and which agent is at the other end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Way {
    pub agent: usize,
    pub up: bool,
}

/// What is to happen to a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Pass,
    Lose,
    Hold,
    Double,
    Corrupt,
    Cut,
    /// Its digest, or its tag if it has none, is changed and the checksum made to fit.
    Falsify,
}

impl Fate {
    pub fn from_word(word: &str) -> Option<Fate> {
        Some(match word {
            "pass" => Fate::Pass,
            "lose" => Fate::Lose,
            "hold" => Fate::Hold,
            "double" => Fate::Double,
            "corrupt" => Fate::Corrupt,
            "cut" => Fate::Cut,
            "falsify" => Fate::Falsify,
            _ => return None,
        })
    }

    /// What the line of a frame says of it.
    pub fn note(self) -> &'static str {
        match self {
            Fate::Pass => "",
            Fate::Lose => "lost",
            Fate::Hold => "held",
            Fate::Double => "doubled",
            Fate::Corrupt => "corrupted",
            Fate::Cut => "cut",
            Fate::Falsify => "falsified",
        }
    }
}

/// A rule for the next `left` frames of a way and kind.
struct Rule {
    way: Way,
    kind: Option<Kind>,
    fate: Fate,
    left: u64,
}

/// A frame on its way.
#[derive(Clone)]
pub struct Flight {
    pub due: u64,
    pub way: Way,
    pub bytes: Vec<u8>,
}

#[derive(Default)]
pub struct Link {
    rules: Vec<Rule>,
    pub flying: Vec<Flight>,
    pub held: Vec<Flight>,
    /// Every frame that was sent, for replays.
    pub sent: Vec<(Way, Kind, Vec<u8>)>,
}

impl Link {
    pub fn rule(&mut self, way: Way, kind: Option<Kind>, fate: Fate, count: u64) {
        self.rules.push(Rule { way, kind, fate, left: count });
    }

    /// Takes all rules of a way back.
    pub fn clear(&mut self, way: Way) {
        self.rules.retain(|rule| rule.way != way);
    }

    /// What is to happen to a frame of this kind: the first rule that fits says.
    pub fn fate(&mut self, way: Way, kind: Kind) -> Fate {
        let fits = |rule: &&mut Rule| rule.way == way && rule.left > 0 && rule.kind.is_none_or(|k| k == kind);
        match self.rules.iter_mut().find(fits) {
            Some(rule) => {
                rule.left -= u64::from(rule.left < u64::MAX);
                rule.fate
            }
            None => Fate::Pass,
        }
    }

    /// The first frame that is due at `now` at an end that listens.
    pub fn next_due(&mut self, now: u64, listens: impl Fn(Way) -> bool) -> Option<Flight> {
        let index = (0..self.flying.len())
            .filter(|index| self.flying[*index].due <= now && listens(self.flying[*index].way))
            .min_by_key(|index| (self.flying[*index].due, *index))?;
        Some(self.flying.remove(index))
    }
}
