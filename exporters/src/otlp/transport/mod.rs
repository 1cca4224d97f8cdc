//! One attempt to deliver a request: from the sealed frame to the backend's answer.
//!
//! Reading order: [`client`] has the [`backend`] of each signal, which chooses an [`endpoint`] with
//! its [`balancer`]. An endpoint makes the attempt, with [`grpc`] or [`http`] for its protocol;
//! [`body`], [`response`] and [`accepted`] are what these have in common, and [`failed_attempt`] is
//! what else may come of it. [`sent`] tracks whether the backend may have the request.
//!
//! [`target`] holds the checked settings, which come from [`address`], [`protocol`], [`headers`],
//! [`credentials`], [`tls`] and [`keepalive`]; [`file_changes`] says when their files are read
//! again, and [`secrets`] are what no message shows. [`connect`] opens connections, [`coalesce`]
//! batches what is written to them, and [`first_bytes`] keeps what the peer sends first.

mod accepted;
mod address;
mod backend;
mod balancer;
mod body;
mod client;
mod coalesce;
mod connect;
mod credentials;
mod endpoint;
mod failed_attempt;
mod file_changes;
mod first_bytes;
mod grpc;
mod headers;
mod http;
mod keepalive;
mod protocol;
mod response;
mod secrets;
mod sent;
mod size_limit;
mod target;
mod tls;

pub(super) use accepted::Accepted;
pub use address::EndpointUrl;
pub(super) use address::{EndpointUse, Peer};
pub(super) use balancer::BalancerName;
pub(super) use client::{Client, Targets};
pub(super) use connect::{ConnectError, ProxyConfig, ProxyUrl, is_http_proxy};
pub(super) use credentials::{BasicAuth, Credentials};
pub(super) use failed_attempt::FailedAttempt;
pub use headers::Headers;
pub(super) use keepalive::Keepalive;
pub(super) use protocol::Protocol;
pub(super) use secrets::Secrets;
pub(super) use sent::SentFlag;
pub(super) use target::{BackendConfig, BackendTarget};
pub use tls::TlsConfig;
