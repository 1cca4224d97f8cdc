//! An HTTP client for the pages of a running agent, at its telemetry address or its admin listener.

mod args;
mod http;
mod target;
mod tls;

pub(crate) use args::AgentArgs;
pub(crate) use http::{Client, ClientError, Response};
