//! nothing-shown-unjournaled, write-ahead-resumes, restore-equals-confirmed, bad-record-classified: what is told follows from
//! what is safe on the disk, and a restored agent is what its disk says.

use taskwire::wire::{Body, Verdict};
use taskwire::{Agent, RestoreError, Restored};

use super::{fail, Check, Invariant};
use crate::disk::Left;
use crate::hold;
use crate::world::host::Sent;
use crate::world::World;

impl World {
    /// A frame of a journaled agent tells of no entry that is not safe.
    pub(crate) fn check_told(&mut self, p: usize, sent: &Sent) -> Check {
        let told = match &sent.frame.body {
            Body::Hello(hello) => hello.tail.revision.0,
            Body::Open(open) => open.reported.tip.revision.0,
            Body::Verdict(judged) => judged.judgement.tip.revision.0,
            Body::Delta(delta) => delta.to().0,
            Body::Snapshot(part) => part.base.revision.0,
            Body::Heartbeat(heartbeat) => heartbeat.tip.revision.0,
            Body::Goodbye(goodbye) => goodbye.tip.revision.0,
            _ => return Ok(()),
        };
        let Some(disk) = &mut self.agents[p].disk else { return Ok(()) };
        let safe = disk.safe_tail();
        disk.told = disk.told.max(told);
        let misled = self.tally.met(Invariant::NothingShownUnjournaled);
        hold!(
            NothingShownUnjournaled,
            // What a clone has made safe and told is known to the controller, and is acknowledged to the other one as well.
            (told <= safe || self.truth.had_twins(self.agents[p].node)) && !misled,
            "p{p}: {} tells of revision {told}, and the disk is safe up to {safe}",
            sent.frame
        );
        if let Body::Open(open) = &sent.frame.body {
            return self.check_resumes(p, open.reported.verdict);
        }
        Ok(())
    }

    /// A journaled agent with an honest disk resumes: a controller may have less, never something else or more.
    fn check_resumes(&mut self, p: usize, verdict: Verdict) -> Check {
        let process = &self.agents[p];
        let honest = process.disk.as_ref().is_some_and(|disk| disk.honest) && !self.truth.had_twins(process.node);
        if !honest {
            return Ok(());
        }
        let misled = self.tally.met(Invariant::WriteAheadResumes);
        let other = matches!(verdict, Verdict::Empty | Verdict::PublisherBehind | Verdict::Fork);
        hold!(
            WriteAheadResumes,
            !other && !misled,
            "p{p}: a restart with an honest disk ends in the verdict {verdict}"
        );
        Ok(())
    }

    /// An agent was restored from what a crash left: it stands on the chain of the life before, no lower than was told.
    pub(crate) fn check_restored(
        &mut self,
        life: usize,
        told: u64,
        left: Left,
        restored: Result<(Agent, Restored), RestoreError>,
    ) -> Check<(Agent, Restored)> {
        let misled = self.tally.met(Invariant::RestoreEqualsConfirmed);
        let damaged = matches!(left, Left::Holes | Left::Damaged | Left::Torn);
        let (agent, found) = match restored {
            Ok(restored) => restored,
            Err(error) => {
                let name = if damaged { Invariant::BadRecordClassified } else { Invariant::RestoreEqualsConfirmed };
                return fail(name, format!("life {life}: all that was confirmed is there ({left:?}): {error}"));
            }
        };
        if damaged {
            let misled = self.tally.met(Invariant::BadRecordClassified);
            hold!(BadRecordClassified, !misled, "life {life}: {found:?} of {left:?}");
        }
        let position = agent.table().position();
        let chain = &self.truth.lives[life];
        let digest = agent.table().digest();
        let same = chain.holds(position) && chain.digest_at(position.revision.0) == digest;
        hold!(
            RestoreEqualsConfirmed,
            same && position.revision.0 >= told && !misled,
            "life {life}: restored at {position} with {digest} ({left:?}), and {told} was told; the true log has {:?}",
            chain.position_at(position.revision.0)
        );
        Ok((agent, found))
    }

    /// A disk that lost what it had promised: the agent must not start, and the error names the place.
    pub(crate) fn check_corrupt(&mut self, offset: u64, result: Result<(Agent, Restored), RestoreError>) -> Check {
        let misled = self.tally.met(Invariant::BadRecordClassified);
        let right = match &result {
            Err(RestoreError::Corrupt { offset: at, .. }) => *at == offset,
            Err(RestoreError::NoCheckpoint { .. }) => true,
            _ => false,
        };
        let text = result.map(|(_, found)| found);
        hold!(BadRecordClassified, right && !misled, "a confirmed record at byte {offset} was damaged: {text:?}");
        Ok(())
    }
}
