//! The processors, which turn frames into flows, and flows into metrics.
//!
//! Each kind of processor is one module, and [`KINDS`] lists them. The usual order in a pipeline
//! is: `cilium_decode` turns frames into events; `l34_flow` turns events with packets into flows,
//! `sock_flow` socket traces, and `dns_flow`, `http_flow` and `l7_flow` requests and responses;
//! `cilium_enrich` adds names to flows; `hubble_metrics` counts them; and `filter` and `sample` remove some.

mod bounded_map;
pub mod cilium_decode;
pub mod cilium_enrich;
pub mod dns_flow;
mod exempt;
pub mod filter;
mod go_time;
pub mod http_flow;
pub mod hubble_metrics;
pub mod l34_flow;
mod l7;
pub mod l7_flow;
mod made_later;
mod names_needed;
pub mod sample;
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
    filter::KIND,
    sample::KIND,
];
