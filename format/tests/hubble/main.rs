//! Records in Hubble's formats.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod any;
mod compact;
mod debug;
mod events;
mod export;
mod printer;
mod samples;
mod summary;
