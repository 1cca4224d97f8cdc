//! `cilium_enrich` from announcements to names on flows.

mod bounds;
mod identities;
mod names;
mod orders;
mod prefixes;
mod support;
mod world;
