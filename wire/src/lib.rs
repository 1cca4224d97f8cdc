//! The bytes of the Cilium monitor socket, as plain functions over slices.
//!
//! Decoders take `&[u8]` and return borrowed views. They use no socket and no clock, do not panic,
//! and return a reason for each refusal. Encoders write the same bytes, for the simulator and for
//! tests.
//!
//! Reading order: [`gob`] frames the stream, [`payload`] is the only message in it, [`event`],
//! [`access_log`] and [`agent_notify`] are the contents of a payload, [`packet`], [`dns`] and
//! [`http`] decode captured packets. [`release`] represents the Cilium releases that can have sent
//! something, [`text`] text that need not be UTF-8. [`file_type`] recognises files that are no recordings.

pub mod access_log;
pub mod agent_notify;
pub mod dns;
pub mod event;
pub mod file_type;
pub mod gob;
pub mod http;
mod label;
pub mod packet;
pub mod payload;
pub mod recording;
pub mod release;
pub mod text;
