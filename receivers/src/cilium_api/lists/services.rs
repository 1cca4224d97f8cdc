//! `GET /service`: `models.Service`.

use serde::Deserialize;
use tidegate_model::names::{NamesContent, ServiceFrontend};

use super::reader::{List, NoEntry};
use super::values::{Ip, or_default};

#[derive(Debug, Default)]
pub(in crate::cilium_api) struct Services;

#[derive(Debug, Deserialize)]
pub(in crate::cilium_api) struct Service {
    #[serde(default, deserialize_with = "or_default")]
    spec: Spec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    frontend_address: Frontend,
    #[serde(deserialize_with = "or_default")]
    flags: Flags,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Frontend {
    ip: Ip,
    port: u16,
    protocol: Protocol,
    scope: Scope,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Flags {
    name: String,
    namespace: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Protocol {
    Tcp,
    Udp,
    Sctp,
    #[default]
    #[serde(other)]
    Any,
}

/// From where a frontend can be reached. Hubble looks up the external scope.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    #[default]
    External,
    Internal,
    #[serde(other)]
    Other,
}

impl Protocol {
    /// The number of the protocol; 0 for any.
    fn number(self) -> u8 {
        match self {
            Self::Any => 0,
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
        }
    }
}

impl List for Services {
    type Json = Service;
    type Entry = ServiceFrontend;

    fn entry(json: Service) -> Result<ServiceFrontend, NoEntry> {
        let Spec {
            frontend_address: frontend,
            flags,
        } = json.spec;
        if frontend.scope == Scope::Internal || flags.name.is_empty() {
            return Err(NoEntry::Nothing);
        }
        Ok(ServiceFrontend {
            address: frontend.ip.0.ok_or(NoEntry::Invalid)?,
            port: frontend.port,
            protocol: frontend.protocol.number(),
            namespace: flags.namespace,
            name: flags.name,
        })
    }

    fn heap_bytes(entry: &ServiceFrontend) -> usize {
        entry.heap_bytes()
    }

    fn content(entries: Vec<ServiceFrontend>) -> NamesContent {
        NamesContent::Services(entries)
    }
}
