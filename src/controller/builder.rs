//! A controller that goes on from its store: the records are given in order, in chunks of any size, and then it starts.

use alloc::boxed::Box;

use super::node::Node;
use super::store::restore::{RestoredStore, Restoring, StoredNode};
use super::store::{self, Store};
use super::Controller;
use crate::config::{ConfigError, ControllerConfig};
use crate::id::NodeId;
use crate::journal::RestoreError;
use crate::publisher::Maker;
use crate::time::Instant;

/// Restores a controller from its store.
///
/// Every node is *not reported yet* until it is heard in the new term, with a full fresh lease: it is neither lost nor absent
/// before that has ended. Each is resumed from the position that was stored; timers, sessions and credit of the former term
/// are void.
///
/// ```
/// use taskwire::{Controller, ControllerBuilder, ControllerConfig, Durability, Instant, STORE_RECORD};
///
/// let mut config = ControllerConfig::new("control")?;
/// config.durability = Durability::WriteAhead;
/// let mut controller = Controller::new(config.clone(), 7)?;
/// let (mut file, mut record) = (Vec::new(), vec![0; STORE_RECORD]);
/// while let Some(written) = controller.poll_store(&mut record)? {
///     file.extend_from_slice(&record[..written.length]); // and one fsync for all of them
///     controller.store_confirmed(written.key)?;
/// }
/// drop(controller); // or a crash
///
/// let builder = ControllerBuilder::new(config.term(2), 8)?;
/// let (controller, restored) = builder.replay(&file)?.start(Instant::from_micros(1))?;
/// assert_eq!((restored.nodes, controller.view().nodes().count()), (0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ControllerBuilder {
    config: ControllerConfig,
    seed: u64,
    restoring: Restoring,
}

impl ControllerBuilder {
    /// Begins with no record. The term of `config` must be above the one in which the store was written, the name the same.
    ///
    /// # Errors
    /// [`ConfigError`] says which setting is wrong and what to give.
    pub fn new(config: ControllerConfig, seed: u64) -> Result<ControllerBuilder, ConfigError> {
        config.check()?;
        Ok(ControllerBuilder { restoring: Restoring::new(config.clone(), seed), config, seed })
    }

    /// Takes the next bytes of the store: records as `poll_store` gave them, in the order of their keys. Chunks may end
    /// anywhere.
    ///
    /// # Errors
    /// [`RestoreError`]; there is no controller then.
    pub fn replay(mut self, chunk: &[u8]) -> Result<ControllerBuilder, RestoreError> {
        self.restoring.replay(chunk)?;
        Ok(self)
    }

    /// All has been given: the controller, and what was found. Where a torn tail was found, cut it off, or begin another
    /// file and keep this one until a checkpoint is confirmed. No records give a controller that knows no node.
    ///
    /// # Errors
    /// [`RestoreError::BeyondLimits`] for more nodes than the configuration has room for, and those of
    /// [`ControllerBuilder::replay`].
    pub fn start(self, now: Instant) -> Result<(Controller, RestoredStore), RestoreError> {
        let stored = self.restoring.finish()?;
        let mut controller = Controller::with(self.config, self.seed);
        controller.store =
            store::wanted(&controller.config).then(|| Box::new(Store::new(controller.nonce, stored.link)));
        controller.enter(now);
        for (id, node) in stored.nodes {
            controller.bring_back(id, node);
        }
        Ok((controller, stored.restored))
    }
}

impl Controller {
    /// A node as it was stored: it is awaited for a full lease.
    fn bring_back(&mut self, id: NodeId, stored: StoredNode) {
        let StoredNode { head, table, remembered, marks, closed, .. } = stored;
        let maker = |(epoch, nonce)| Maker { epoch, nonce };
        let mut node = Node::new(id, head.name.clone(), &self.config, head.limits, self.seed);
        node.known = head.known.map(maker);
        node.opened_counter = head.opened_counter;
        node.told_epoch = head.told_epoch;
        node.dropped = head.dropped;
        node.polled = head.position;
        node.subscriber.restore(table, remembered, maker(head.maker));
        node.marks.extend(marks);
        let mut closed: alloc::vec::Vec<_> = closed.into_values().collect();
        closed.sort_unstable_by_key(|(order, _)| *order);
        for (_, closed) in closed {
            node.close(closed, &mut self.archive);
        }
        node.stale = true;
        node.heard = self.lease_time();
        node.awaited = true;
        while self.nodes.len() <= id.0 as usize {
            self.nodes.push(None);
        }
        self.names.insert(head.name, id);
        self.nodes[id.0 as usize] = Some(Box::new(node));
        self.node_count += 1;
        self.silence.believed += 1;
        self.store_node(id);
        self.watch_again(id);
        self.note_standing(id);
    }
}
