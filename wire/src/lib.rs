//! The bytes of the Cilium monitor socket, as plain functions over slices.
//!
//! Decoders take `&[u8]` and return borrowed views: no socket, no clock, no panic, and a reason for
//! every refusal. Encoders write the same bytes again, for the simulator and for tests.
//!
//! Reading order: [`gob`] frames the stream, [`payload`] is the one message on it, [`event`],
//! [`access_log`] and [`agent_notify`] are what a payload holds, [`packet`], [`dns`] and [`http`]
//! are what an event captured. [`release`] is what all of it gives away about its sender, [`text`]
//! what of it need not be UTF-8.

pub mod access_log;
pub mod agent_notify;
pub mod dns;
pub mod event;
pub mod gob;
pub mod http;
mod label;
pub mod packet;
pub mod payload;
pub mod recording;
pub mod release;
pub mod text;
