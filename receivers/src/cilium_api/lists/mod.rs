//! What the lists of the API contain: from the JSON of an element to an entry.
//!
//! Each list has a struct with the keys that names need (`api/v1/models` of Cilium v1.12 to v1.20);
//! serde skips all others without allocating. A key that is absent or `null` is the zero of Go.
//! [`reader`] reads the elements and collects the entries, [`parser`] does so for a list of any kind.

mod addresses;
mod cgroups;
mod dns;
mod embedded;
mod endpoint_policy;
mod endpoints;
mod identities;
mod nodes;
mod parser;
mod reader;
mod release;
mod rule_logs;
mod services;
#[cfg(test)]
mod tests;
mod values;

pub use parser::{ListCounts, ListParser, MAX_ELEMENT};
pub(super) use reader::List;
pub(super) use release::release;

use addresses::Addresses;
use cgroups::Cgroups;
use dns::Dns;
pub(super) use endpoints::Endpoints;
pub(super) use identities::Identities;
use nodes::Nodes;
use rule_logs::RuleLogs;
use services::Services;
