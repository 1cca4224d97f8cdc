//! `GET /identity`: `models.Identity`.

use serde::Deserialize;
use tidegate_model::names::{IdentityName, NamesContent};

use super::reader::{List, NoEntry};
use crate::json::bounded;

#[derive(Debug, Default)]
pub(in crate::cilium_api) struct Identities;

#[derive(Debug, Deserialize)]
pub(in crate::cilium_api) struct Identity {
    #[serde(default)]
    id: u32,
    #[serde(default, deserialize_with = "bounded::list")]
    labels: Vec<String>,
}

impl List for Identities {
    type Json = Identity;
    type Entry = IdentityName;

    fn entry(json: Identity) -> Result<IdentityName, NoEntry> {
        let Identity {
            id: identity,
            labels,
        } = json;
        Ok(IdentityName { identity, labels })
    }

    fn heap_bytes(entry: &IdentityName) -> usize {
        entry.heap_bytes()
    }

    fn content(entries: Vec<IdentityName>) -> NamesContent {
        NamesContent::Identities(entries)
    }
}
