//! `hubble_metrics`, from its configuration to its points: which flows are counted, with which
//! labels.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod contexts;
mod ends;
mod environment;
mod flows;
mod fold;
mod http;
mod messages;
mod packets;
mod reload;
mod series;
mod support;
mod wire;
