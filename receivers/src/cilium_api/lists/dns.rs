//! `GET /fqdn/cache`: `models.DNSLookup`.

use serde::Deserialize;
use tidegate_model::names::{DnsName, NamesContent};

use super::reader::{List, NoEntry};
use super::values::{Ip, Time, addresses};
use crate::json::bounded;

#[derive(Debug, Default)]
pub(in crate::cilium_api) struct Dns;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(in crate::cilium_api) struct DnsLookup {
    endpoint_id: u16,
    fqdn: String,
    #[serde(deserialize_with = "bounded::list")]
    ips: Vec<Ip>,
    lookup_time: Time,
    expiration_time: Time,
}

impl List for Dns {
    type Json = DnsLookup;
    type Entry = DnsName;

    fn entry(json: DnsLookup) -> Result<DnsName, NoEntry> {
        let mut name = json.fqdn;
        if name.ends_with('.') {
            name.pop();
        }
        let addresses = addresses(json.ips);
        if name.is_empty() || addresses.is_empty() {
            return Err(NoEntry::Nothing);
        }
        Ok(DnsName {
            endpoint: json.endpoint_id,
            asker: None,
            name,
            addresses,
            seen: json.lookup_time.0,
            expires: json.expiration_time.0,
        })
    }

    fn heap_bytes(entry: &DnsName) -> usize {
        entry.heap_bytes()
    }

    fn content(entries: Vec<DnsName>) -> NamesContent {
        NamesContent::Dns(entries)
    }
}
