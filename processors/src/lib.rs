//! From frames to flows, and from flows to metrics.
//!
//! Each kind of processor is one module; [`KINDS`] lists them. In a pipeline they usually stand in
//! this order: `cilium_decode` tells events apart, `l34_flow` makes flows of those with packets,
//! `sock_flow` of socket traces, `dns_flow`, `http_flow` and `l7_flow` of requests and responses,
//! `cilium_enrich` names their sides, and `hubble_metrics` counts them.

mod bounded_map;
pub mod cilium_decode;
pub mod cilium_enrich;
pub mod dns_flow;
mod go_time;
pub mod http_flow;
pub mod hubble_metrics;
pub mod l34_flow;
mod l7;
pub mod l7_flow;
pub mod sock_flow;

use tidegate_runtime::component::ProcessorKind;

/// Every kind of processor.
pub const KINDS: &[ProcessorKind] = &[
    cilium_decode::KIND,
    l34_flow::KIND,
    sock_flow::KIND,
    dns_flow::KIND,
    http_flow::KIND,
    l7_flow::KIND,
    cilium_enrich::KIND,
    hubble_metrics::KIND,
];
