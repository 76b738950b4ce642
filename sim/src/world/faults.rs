//! Faults that come at a moment: which one comes is drawn by the weights of the run. Those of single frames are left to
//! `link`.

use taskwire::{Position, Reachability, Revision, Tag, UnixMillis};

use super::{Event, World};
use crate::hold;
use crate::invariants::{Check, NodeShadow};
use crate::knobs::Fault;

impl World {
    /// One fault, drawn by weight.
    pub(crate) fn fault(&mut self) -> Check {
        let total: u64 = self.knobs.weights.iter().map(|w| u64::from(*w)).sum();
        if total == 0 {
            return Ok(());
        }
        let mut at = self.rng.below(total);
        let mut index = 0;
        while at >= u64::from(self.knobs.weights[index]) {
            at -= u64::from(self.knobs.weights[index]);
            index += 1;
        }
        let fault = Fault::ALL[index];
        self.trace.mix(&[79, index as u64]);
        self.trace.line(self.now, || format!("fault: {fault:?}"));
        let changed = self.inject(fault)?;
        self.injected(fault, changed);
        Ok(())
    }

    fn someone(&mut self) -> Option<usize> {
        let living: Vec<usize> = (0..self.agents.len()).filter(|p| self.agents[*p].alive).collect();
        (!living.is_empty()).then(|| living[self.rng.index(living.len())])
    }

    fn outage(&mut self) -> u64 {
        self.now + self.rng.below(self.knobs.outage) + 1
    }

    fn jump(&mut self) -> i64 {
        self.rng.magnitude(1_000, self.knobs.jump.max(1_000)) as i64
    }

    /// Lets a fault happen; says whether it changed anything.
    fn inject(&mut self, fault: Fault) -> Check<bool> {
        let until = self.outage();
        let Some(p) = self.someone() else {
            return Ok(false);
        };
        match fault {
            Fault::PartitionNode => {
                let node = self.agents[p].node;
                self.block(|_, process| process.node == node, until, true, true);
            }
            Fault::OneWay => {
                let up = self.rng.below(2) == 0;
                self.block(|at, _| at == p, until, up, !up);
            }
            Fault::PartitionAll => self.block(|_, _| true, until, true, true),
            Fault::Replay => return Ok(self.replay()),
            Fault::Misroute => return Ok(self.misroute()),
            Fault::Noise if self.rng.below(4) == 0 => self.forge_fenced(p)?,
            Fault::Noise => self.noise(),
            Fault::AgentClockAhead => return self.agent_clock(p, 1),
            Fault::AgentClockBack => return self.agent_clock(p, -1),
            Fault::AgentClockStops => {
                let now = self.now;
                self.agents[p].clock.stop(now, true);
                self.schedule(until, Event::ClockRuns(p));
            }
            Fault::ControllerClockAhead | Fault::ControllerClockBack => {
                let by = self.jump() * if fault == Fault::ControllerClockAhead { 1 } else { -1 };
                self.host.clock.jump(self.now, by);
                self.wake_controller_by(self.now);
            }
            Fault::WallClock => {
                let wall = UnixMillis(self.rng.below(1 << 41));
                let now = self.local(p);
                self.before_agent_call(p, now);
                self.agents[p].agent.set_wall_clock(now, wall);
                self.agent_called(p, now)?;
            }
            Fault::SuspendAgent => {
                self.agents[p].suspended_until = until;
                self.wake_agent_by(p, until);
            }
            Fault::SuspendController => {
                self.host.suspended_until = until;
                self.wake_controller_by(until);
            }
            Fault::DeafAgentHost => self.agents[p].deaf_until = until,
            Fault::DeafControllerHost => self.host.deaf_until = until,
            Fault::NoCommits => self.host.no_commits_until = until,
            Fault::RestartAgent => return self.restart_agent(p),
            Fault::RestartController => return Ok(self.restart_controller()),
            Fault::FailOver => return Ok(self.fail_over(until)),
            Fault::Twin => return self.twin(p),
            Fault::EndTwin => return Ok(self.end_twin(p)),
            Fault::Goodbye => {
                if self.is_up(p) && !self.agents[p].left {
                    self.goodbye(p)?;
                    let node = self.agents[p].node;
                    self.schedule(until, Event::Start(node));
                    let gone = self.now + self.rng.below(until - self.now);
                    self.schedule(gone, Event::End(p));
                    return Ok(true);
                }
                return Ok(false);
            }
            Fault::Absence => {
                let node = self.agents[p].node;
                self.end_agent(p);
                let back = until + self.rng.below(4) * self.knobs.outage;
                self.schedule(back, Event::Start(node));
            }
            Fault::GiveUp => return self.give_up(),
            Fault::ForgetNode => return self.forget_node(),
            Fault::SetIntervals => return self.set_intervals(),
            Fault::LinkDown => return self.link_down(p),
            Fault::AllClear => return Ok(self.all_clear()),
            Fault::Sleep => return self.sleep(p),
            Fault::LastWill => return self.last_will(p),
            Fault::GoAway => return self.go_away(),
            Fault::BadCommit => return self.bad_commits(),
            Fault::DamageController => return self.damage_controller(false),
            Fault::FalsifyController => return self.damage_controller(true),
            Fault::DamageAgent => return self.damage_agent(p),
        }
        Ok(true)
    }

    fn block(&mut self, of: impl Fn(usize, &super::host::Process) -> bool, until: u64, up: bool, down: bool) {
        for (at, process) in self.agents.iter_mut().enumerate() {
            if !of(at, process) {
                continue;
            }
            if up {
                process.up.block(until);
            }
            if down {
                process.down.block(until);
            }
        }
    }

    fn agent_clock(&mut self, p: usize, sign: i64) -> Check<bool> {
        let by = self.jump() * sign;
        let now = self.now;
        self.agents[p].clock.jump(now, by);
        if self.is_up(p) {
            self.wake_agent(p)?;
        }
        Ok(true)
    }

    fn restart_agent(&mut self, p: usize) -> Check<bool> {
        let node = self.agents[p].node;
        if self.truth.epochs[node].last().is_some_and(|e| *e >= u64::MAX - 1) {
            return Ok(false);
        }
        let had = !self.agents[p].workload.tasks().is_empty();
        let node = self.agents[p].node;
        self.end_agent(p);
        self.start_agent(node)?;
        Ok(had)
    }

    fn twin(&mut self, p: usize) -> Check<bool> {
        let node = self.agents[p].node;
        let living = self.agents.iter().filter(|a| a.alive && a.node == node).count();
        if living > 1
            || self.agents.len() > 40
            || self.agents[p].altered.is_some()
            || self.nodes[node].altered.is_some()
        {
            return Ok(false);
        }
        if self.rng.below(4) == 0 {
            let epoch = self.agents[p].agent.epoch().0;
            self.start_agent_as(node, epoch, true)?;
        } else {
            self.clone_agent(p);
        }
        Ok(true)
    }

    fn end_twin(&mut self, p: usize) -> bool {
        let node = self.agents[p].node;
        let living = self.agents.iter().filter(|a| a.alive && a.node == node).count();
        if living > 1 {
            self.end_agent(p);
        }
        living > 1
    }

    fn give_up(&mut self) -> Check<bool> {
        let mut lost = Vec::new();
        for (n, shadow) in self.nodes.iter().enumerate() {
            let Some(id) = shadow.id else { continue };
            let view = self.host.controller.view();
            if view.node(id).is_some_and(|v| v.reachability() == Reachability::Lost) {
                lost.extend(view.tasks_of(id).filter(|t| !t.state().is_ended()).map(|t| (n, id, t.id())));
            }
        }
        if lost.is_empty() {
            return Ok(false);
        }
        let (n, node, task) = lost[self.rng.index(lost.len())];
        let before = self.host.controller.view().find(node, task).map(|t| t.record().clone());
        let result = self.host.controller.give_up(node, task);
        self.trace.line(self.now, || format!("controller: give up {task} of n{n}: {result:?}"));
        let after = self.host.controller.view().find(node, task).map(|t| t.record().clone());
        hold!(LostWritesNoState, before == after, "giving task {task} of n{n} up changed its record");
        let now = self.host.shadow.last_call;
        self.controller_called(now, Some(n))?;
        Ok(result.is_ok())
    }

    fn forget_node(&mut self) -> Check<bool> {
        let n = self.rng.index(self.nodes.len());
        if self.host.suspended_until > self.now {
            return Ok(false);
        }
        let Some(id) = self.nodes[n].id else { return Ok(false) };
        let done = self.host.controller.forget_node(id);
        self.host.shadow.asked = self.host.controller.next_timeout();
        self.trace.line(self.now, || format!("controller: forget n{n}: {done}"));
        if done {
            // Events of it may still wait; they name a node that is no more.
            self.nodes[n] = NodeShadow::default();
            self.host.shadow.opened.clear();
        }
        self.drain_controller()?;
        Ok(done)
    }

    /// Commits that must be refused and change nothing: another tag, a revision that was never received, and one whose
    /// events have not been polled.
    fn bad_commits(&mut self) -> Check<bool> {
        let mut tried = false;
        for n in 0..self.nodes.len() {
            let (Some(id), Some(print)) = (self.nodes[n].id, self.nodes[n].print) else { continue };
            let mut wrong = vec![
                Position { revision: Revision(print.received.revision.0 + 1), tag: Tag(1) },
                Position { revision: print.received.revision, tag: Tag(print.received.tag.0 ^ 1) },
            ];
            let polled = self.nodes[n].last_event;
            let waits = self.truth.find(print.received).is_some_and(|life| {
                self.truth.lives[life].holds(polled)
                    && (polled.revision.0 + 1..=print.received.revision.0).any(|r| {
                        let at = self.truth.lives[life].position_at(r).unwrap_or(Position::START);
                        !self.nodes[n].seen.contains(&(r, at.tag.0))
                    })
            });
            if waits {
                wrong.push(print.received);
            }
            for position in wrong {
                tried = true;
                let result = self.host.controller.commit(id, position);
                hold!(
                    KeptUntilDurable,
                    result.is_err(),
                    "controller: it took a commit of {position}, polled to {polled}"
                );
            }
            let now = self.host.shadow.last_call;
            self.controller_called(now, Some(n))?;
            let same = self.nodes[n].print.map(|p| p.durable) == Some(print.durable);
            hold!(KeptUntilDurable, same, "controller: a refused commit moved the durable revision of n{n}");
        }
        Ok(tried)
    }
}
