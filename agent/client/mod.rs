//! A client of a running agent's pages, at its telemetry address or its admin listener.

mod address;
mod http;
mod target;
mod tls;

pub(crate) use address::Agent;
pub(crate) use http::{Answer, Client, NoAnswer};
