//! What is known of the addresses of flows: identities, endpoints, pods, services, DNS names.
//!
//! The Cilium agent announces changes on its monitor socket, and lists what exists over its REST
//! API. [`SharedTable`] puts the two together, and [`Views`] name flows from it, by the rules of
//! Hubble's parsers.
//!
//! Begin with `table.rs`, which has all parts, and `protocol`, which says in which order
//! announcements and lists count; then `announcements.rs` and `absorb.rs` (what changes the table)
//! and `resolve.rs` (what a flow shows). `labels.rs` bounds the memory of all labels. Each other file is one
//! part.

mod absorb;
mod addresses;
mod announcements;
mod cgroups;
mod counts;
mod dns;
mod endpoints;
mod expire;
mod identities;
mod interfaces;
mod interner;
mod labels;
mod node;
mod origin;
mod pods;
mod policies;
mod prefix;
mod protocol;
mod reject_reason;
mod resolve;
mod services;
mod set_back;
mod settings;
mod shared;
mod table;
mod times;
mod unnamed;
mod versions;
mod views;
mod workloads;

pub use counts::Counts;
pub use interfaces::InterfaceViews;
pub use origin::Origin;
pub use policies::{Applied, PolicyVerdict};
pub use reject_reason::RejectReason;
pub use settings::Settings;
pub use shared::{SharedTable, TableWriter};
pub use unnamed::Unnamed;
pub use views::{Naming, Views};
