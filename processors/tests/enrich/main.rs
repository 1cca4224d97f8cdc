//! `cilium_enrich`, from announcements to names on flows.

mod bounds;
mod debug_events;
mod identities;
mod names;
mod orders;
mod outside_cluster;
mod prefixes;
mod support;
