//! A seeded, realistic stream of Cilium monitor events: conversations of pods in a small cluster,
//! as the datapath and the proxies of a chosen release report them. The same options give the same
//! bytes on every machine, so a seed is a test case.
//!
//! Reading order: [`cluster`] has the peers, [`packet`] builds packets, [`scenario`] writes
//! conversations, [`Simulator`] interleaves them, [`Stream`] encodes them in the frames of the
//! monitor socket. [`Api`] answers for the same cluster as the agent's REST API does. Checksums are
//! not computed, and frames carry no time.

mod api;
mod cluster;
mod event_writer;
mod mix;
mod options;
mod packet;
mod scenario;
mod simulator;
mod stream;

pub use api::{Answer, Api};
pub use mix::{Mix, Scenario};
pub use options::{Options, Release};
pub use simulator::{Event, Simulator};
pub use stream::{Stream, Summary};
