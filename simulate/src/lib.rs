//! A seeded, realistic stream of Cilium monitor events: conversations of pods in a small cluster,
//! as the datapath and the proxies of a chosen release report them. The same options give the same
//! bytes on every machine, so a seed is a test case.
//!
//! Reading order: [`world`] is who talks, [`packet`] what the packets look like, [`scenario`] what
//! happens, [`Simulator`] interleaves it, [`Stream`] puts it in the frames of the monitor socket.
//! It does not compute checksums, and it knows nothing of time: frames carry none.

mod mix;
mod options;
mod packet;
mod scenario;
mod script;
mod simulator;
mod stream;
mod world;

pub use mix::{Mix, Scenario};
pub use options::{Options, Release};
pub use simulator::{Event, Simulator};
pub use stream::{Stream, Summary};
