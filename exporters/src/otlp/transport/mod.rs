//! One attempt to deliver a request over gRPC: from the sealed frame to the backend's answer.
//!
//! Reading order: [`client`] makes an attempt, with [`call`] for the gRPC call itself. [`sent`]
//! tracks whether the backend may have it. [`target`] holds the
//! checked connection settings, which come from [`address`], [`headers`], [`tls`] and [`token_file`];
//! [`secrets`] are what no message shows. [`connector`]
//! opens connections, [`coalesce`] batches what is written to them, and [`first_bytes`] keeps what
//! the peer sends first.

mod address;
mod call;
mod client;
mod coalesce;
mod connector;
mod first_bytes;
mod headers;
mod secrets;
mod sent;
mod target;
mod tls;
mod token_file;

pub(super) use address::EndpointUrl;
pub(super) use client::{Accepted, Client};
pub(super) use first_bytes::FirstBytes;
pub(super) use headers::Headers;
pub(super) use secrets::Secrets;
pub(super) use sent::SentFlag;
pub(super) use target::{BackendConfig, BackendTarget};
pub(super) use tls::TlsConfig;
