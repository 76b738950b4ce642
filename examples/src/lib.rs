//! What the hosts of this folder share: clocks, flags, the line formats, the relay's emulator, the demo's workload and
//! its comparison. The programs stand in `src/bin/`; the agent in C stands in `c/`. Nothing here is part of taskwire:
//! a host of your own takes what it likes.

pub mod audit;
pub mod capture;
pub mod clock;
pub mod compare;
pub mod controller_host;
pub mod demo;
pub mod emulator;
pub mod epoch;
pub mod flags;
pub mod live;
pub mod processes;
pub mod records;
pub mod signals;
pub mod sleep;
pub mod stream;
pub mod table;
pub mod tcp_relay;
pub mod workload;
