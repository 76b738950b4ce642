//! Intervals and leases that a controller gives out, and has given out before: what each node may still go by. Nobody
//! believes longer than the other side grants, so what gets longer is in force here at once, and what gets shorter only
//! once the node has confirmed it. When leases end is left to the role.

use alloc::collections::VecDeque;

use crate::wire::Settings;

/// Former settings that are told apart; of older ones the longest are remembered.
const MOST_FORMER: usize = 16;

/// The newest settings, and former ones that somebody may go by.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Grants {
    newest: Settings,
    /// By rising version, each one below that of the next.
    former: VecDeque<Settings>,
    /// Version, longest interval and longest lease of all that are no longer told apart.
    forgotten: Settings,
}

/// Interval and lease, in microseconds, that hold for one node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct InForce {
    pub heartbeat: u64,
    pub lease: u64,
}

impl Grants {
    pub(crate) fn new(heartbeat: u64, lease: u64) -> Grants {
        let forgotten = Settings { version: 0, heartbeat: 0, lease: 0 };
        Grants { newest: Settings { version: 1, heartbeat, lease }, former: VecDeque::new(), forgotten }
    }

    pub(crate) fn newest(&self) -> Settings {
        self.newest
    }

    /// Gives out other settings. Says whether there was a version left for them.
    pub(crate) fn change(&mut self, heartbeat: u64, lease: u64) -> bool {
        let Some(version) = self.newest.version.checked_add(1) else { return false };
        self.former.push_back(self.newest);
        if self.former.len() > MOST_FORMER {
            if let Some(oldest) = self.former.pop_front() {
                self.forgotten = longer(self.forgotten, oldest);
            }
        }
        self.newest = Settings { version, heartbeat, lease };
        true
    }

    /// What holds for a node that is sure to go by version `confirmed` or a later one: the longest of these.
    pub(crate) fn in_force(&self, confirmed: u32) -> InForce {
        let mut longest = self.newest;
        if confirmed < self.newest.version {
            for former in self.former.iter().filter(|former| former.version >= confirmed) {
                longest = longer(longest, *former);
            }
            if confirmed <= self.forgotten.version {
                longest = longer(longest, self.forgotten);
            }
        }
        InForce { heartbeat: longest.heartbeat, lease: longest.lease }
    }
}

/// Of each the longer, under the later version.
fn longer(a: Settings, b: Settings) -> Settings {
    Settings { version: a.version.max(b.version), heartbeat: a.heartbeat.max(b.heartbeat), lease: a.lease.max(b.lease) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gets_longer_holds_at_once_and_what_gets_shorter_once_it_is_confirmed() {
        let mut grants = Grants::new(5, 15);
        assert!(grants.change(10, 40));
        assert_eq!(grants.in_force(1), InForce { heartbeat: 10, lease: 40 });
        assert!(grants.change(2, 4));
        assert_eq!(grants.in_force(1), InForce { heartbeat: 10, lease: 40 });
        assert_eq!(grants.in_force(2), InForce { heartbeat: 10, lease: 40 });
        assert_eq!(grants.in_force(3), InForce { heartbeat: 2, lease: 4 });
    }

    #[test]
    fn of_settings_that_are_no_longer_told_apart_the_longest_hold() {
        let mut grants = Grants::new(5, 90);
        for _ in 0..40 {
            grants.change(1, 2);
        }
        assert_eq!(grants.former.len(), MOST_FORMER);
        assert_eq!(grants.in_force(1).lease, 90);
        // Which of the forgotten ones it is cannot be told any more: the longest is the safe one.
        assert_eq!(grants.in_force(20).lease, 90);
        assert_eq!(grants.in_force(30).lease, 2);
    }
}
