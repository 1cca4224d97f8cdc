//! The receivers, which bring records into the pipelines.
//!
//! Each kind is a module: [`monitor1_2`] reads the Cilium agent's monitor socket, [`replay`] a
//! recording of it. Both produce one record per frame, as `frames` decodes them; neither interprets
//! the payload of a frame. [`recording_file`] recognises files that are no recordings.
//!
//! [`cilium_api`] reads the names of what exists from the agent's REST API. [`http`] is the client of
//! receivers that read an API, and [`json`] finds the elements of the lists that they read.

pub mod cilium_api;
mod direct;
mod frames;
pub mod http;
pub mod json;
pub mod kubernetes;
pub mod monitor1_2;
pub mod recording_file;
pub mod replay;

pub use direct::{DirectReceiver, Tail, agent_api, connection, recording};

use tidegate_runtime::component::ReceiverKind;

/// Every kind of receiver.
pub const KINDS: &[ReceiverKind] = &[
    monitor1_2::KIND,
    cilium_api::KIND,
    kubernetes::KIND,
    replay::KIND,
];
