//! Long values at a controller: parts that are heard, and what the host hears when a value is whole. Putting it together is
//! left to `values`, checking it to `subscriber`.

use super::event::ControllerEvent;
use super::Controller;
use crate::config::AckPolicy;
use crate::id::NodeId;
use crate::receive_error::ReceiveError;
use crate::subscriber::TakenPart;
use crate::time::Instant;
use crate::wire::{Chunk, Header, Symptom};

impl Controller {
    pub(super) fn hear_chunk(
        &mut self,
        now: Instant,
        id: NodeId,
        header: Header,
        chunk: &Chunk,
    ) -> Result<(), ReceiveError> {
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return Ok(()) };
        // Each value that becomes whole is an event: a host that does not poll gets no more of them.
        let full = node.room(&self.config) == 0;
        let taken = if full { Some(TakenPart::Dropped) } else { node.subscriber.take_value(now, chunk) };
        let Some(taken) = taken else { return self.void(now, id) };
        match taken {
            TakenPart::Kept => self.metrics.frames_applied_total += 1,
            TakenPart::Duplicate => self.metrics.frames_duplicate_total += 1,
            TakenPart::Dropped => {
                self.metrics.frames_gap_dropped_total += 1;
                self.want_ack(id);
                return Ok(());
            }
            TakenPart::Contradicts => {
                self.metrics.frames_wrong_value_total += 1;
                return Err(ReceiveError::Exhausted { field: "the length of a long value" });
            }
            TakenPart::Whole(task, registered) => {
                self.metrics.frames_applied_total += 1;
                self.metrics.values_whole_total += 1;
                node.value_unstored(registered.revision, chunk.slot);
                node.tell(ControllerEvent::ValueWhole { node: id, task, registered });
                if self.config.ack_policy == AckPolicy::Received {
                    // What is received counts, whether or not the host has polled it.
                    node.subscriber.value_told(registered.revision);
                    let revision = node.subscriber.position().revision;
                    node.subscriber.commit(revision);
                }
                self.note_news(id);
            }
            TakenPart::Damaged => {
                self.metrics.frames_wrong_value_total += 1;
                self.found_difference(now, id, Symptom::Scrub, false);
                return Err(ReceiveError::Differs { kind: header.kind, symptom: Symptom::Scrub });
            }
        }
        self.process(now, id, header);
        Ok(())
    }
}
