//! The parts of the controller's host (`bin/controller.rs`): whom a frame comes from and over what, what becomes of an event in
//! the audit history, what the view looks like as JSON and on a screen, what is measured. The protocol is taskwire's matter, the loop the
//! program's.

pub mod carriers;
pub mod dump;
pub mod history;
pub mod metrics;
pub mod peers;
pub mod screen;
pub mod serial;
