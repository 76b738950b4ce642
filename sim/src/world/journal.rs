//! What the host of an agent does with its journal: write, make safe, delete, and start again from what a crash left.

use taskwire::{AgentBuilder, Epoch, RestoreError, Restored, JOURNAL_OVERHEAD};

use super::{Event, World};
use crate::disk::{Disk, Left};
use crate::invariants::{fail, Check, Invariant, Moment};

impl World {
    /// Writes what the agent has to journal, and makes it safe, at once or later.
    pub(crate) fn journal_agent(&mut self, p: usize) -> Check {
        let Some(mut disk) = self.agents[p].disk.take() else { return Ok(()) };
        let now = self.local(p).max(self.agents[p].shadow.last_call);
        let mut buffer = vec![0; self.knobs.agent.limits.frame as usize + JOURNAL_OVERHEAD];
        let before = disk.last_key();
        let mut result = Ok(());
        for records in 0.. {
            match self.agents[p].agent.poll_journal(&mut buffer) {
                Ok(Some(written)) => {
                    let tail = self.agents[p].agent.table().position().revision.0;
                    disk.write(written.key, &buffer[..written.length], tail);
                }
                Ok(None) => break,
                Err(error) => {
                    result = fail(Invariant::WithinBounds, format!("p{p}: {error}, and it was big enough"));
                    break;
                }
            }
            if records > 20_000 {
                result = fail(Invariant::NoEndlessExchange, format!("p{p}: 20,000 records in one go"));
                break;
            }
        }
        disk.delete_below(self.agents[p].agent.journal_needed_from());
        let last = disk.last_key();
        // A clone's disk has records that only its original was to make safe later.
        let waits = self.quiet && disk.has_unsafe();
        self.agents[p].disk = Some(disk);
        result?;
        if last == before && !waits {
            return Ok(());
        }
        self.agent_called(p, now)?;
        let Some(key) = last else { return Ok(()) };
        if !self.quiet && self.rng.chance(self.knobs.sync_late) {
            let at = self.now + self.rng.below(self.knobs.commit_late_by + 1);
            self.schedule(at, Event::Synced(p, key));
            return Ok(());
        }
        self.confirm(p, key)
    }

    fn confirm(&mut self, p: usize, key: u64) -> Check {
        let now = self.local(p);
        self.before_agent_call(p, now);
        let Some(disk) = &mut self.agents[p].disk else { return Ok(()) };
        disk.sync(key);
        let result = self.agents[p].agent.journal_confirmed(now, key);
        self.trace.line(self.now, || format!("p{p}: journal safe up to {key}: {result:?}"));
        if let Err(error) = result {
            return fail(Invariant::NothingShownUnjournaled, format!("p{p}: record {key} is safe, and {error}"));
        }
        self.agent_called(p, now)?;
        let needed = self.agents[p].agent.journal_needed_from();
        if let Some(disk) = &mut self.agents[p].disk {
            disk.delete_below(needed);
        }
        Ok(())
    }

    /// The disk has become safe up to a key.
    pub(crate) fn synced(&mut self, p: usize, key: u64) -> Check {
        if !self.agents[p].alive {
            return Ok(());
        }
        if !self.is_up(p) {
            let until = self.agents[p].suspended_until;
            self.schedule(until, Event::Synced(p, key));
            return Ok(());
        }
        self.confirm(p, key)?;
        self.drain_agent(p)
    }

    fn restore(
        &mut self,
        node: usize,
        epoch: u64,
        bytes: &[u8],
    ) -> Check<Result<(taskwire::Agent, Restored), RestoreError>> {
        let seed = self.rng.draw();
        let mut builder = match AgentBuilder::new(self.config_of(node, epoch), seed) {
            Ok(builder) => builder,
            Err(error) => return fail(Invariant::WithinBounds, format!("a good configuration was refused: {error}")),
        };
        let chunk = self.rng.magnitude(1, 4_000) as usize;
        for piece in bytes.chunks(chunk) {
            builder = match builder.replay(piece) {
                Ok(builder) => builder,
                Err(error) => return Ok(Err(error)),
            };
        }
        Ok(builder.start())
    }

    /// Starts an agent from what a crash has left on its node's disk.
    pub(crate) fn restart_from(&mut self, node: usize, epoch: u64, disk: &Disk) -> Check {
        if disk.has_unsafe() {
            self.tally.moment(Moment::CrashBeforeConfirmation);
        }
        if self.rng.below(8) == 0 {
            if let Some((bytes, offset)) = disk.corrupt(&mut self.rng) {
                let result = self.restore(node, epoch, &bytes)?;
                self.check_corrupt(offset, result)?;
            }
        }
        let (bytes, left): (Vec<u8>, Left) = disk.crash(&mut self.rng);
        let restored = self.restore(node, epoch, &bytes)?;
        let (agent, found) = self.check_restored(disk.life, disk.told, left, restored)?;
        let revision = agent.table().position().revision.0;
        let life = self.truth.restore(disk.life, revision, Epoch(epoch));
        let good = found.torn_at.map_or(bytes.len(), |at| at as usize);
        self.trace
            .line(self.now, || format!("n{node}: restored at {revision} of life {} ({left:?}): {found:?}", disk.life));
        let next = disk.continued(life, bytes[..good].to_vec());
        self.put_agent(node, agent, life, Some(next), false);
        Ok(())
    }
}
