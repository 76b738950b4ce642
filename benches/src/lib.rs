//! What the figures and the benches share: the workload, the pair that carries it, a fleet of agents before one controller,
//! a fleet that has nothing to do, one that comes back at once, the peers, a link that loses frames, repairs of what differs, and the measuring
//! itself. The figures themselves are in `src/bin`.

pub mod fleet;
pub mod idle;
pub mod link;
pub mod peers;
pub mod reconcile;
pub mod report;
pub mod rig;
pub mod storm;
pub mod unit;
pub mod workload;
