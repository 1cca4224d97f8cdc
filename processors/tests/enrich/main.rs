//! `cilium_enrich`, from announcements and lists to names on flows.

mod bounds;
mod debug_events;
mod fields;
mod identities;
mod inspection;
mod listed_pods;
mod lists;
mod names;
mod new_pods;
mod orders;
mod outside_cluster;
mod policies;
mod prefixes;
mod requests;
mod restarts;
mod set_back;
mod sharing;
mod support;
mod telemetry;
