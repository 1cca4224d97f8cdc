//! Encoded parts of log records that many flows have in common.
//!
//! Flows of the same kind of event, or with the same peer, have attributes in common. A template
//! ([`sections`]) holds them encoded, and copying it is a fraction of the work of encoding them.
//! Templates are kept in caches of fixed size ([`cache`]), 1.5 MiB at most for one encoder.

mod cache;
pub(super) mod event;
mod event_kind;
pub(super) mod peer;
mod peer_key;
mod sections;

pub(super) use event::{EventTemplate, EventTemplates};
pub(super) use peer::{PeerTemplate, PeerTemplates};

/// The templates of one flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlowTemplates<'a> {
    pub(super) source: &'a PeerTemplate,
    pub(super) destination: &'a PeerTemplate,
    pub(super) event: &'a EventTemplate,
}
