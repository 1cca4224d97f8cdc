//! `cilium_enrich` from announcements to names on flows.

mod bounds;
mod identities;
mod names;
mod orders;
mod support;
mod world;
