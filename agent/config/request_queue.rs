//! The keys of an exporter's `queue` table that are about the requests that it keeps.

use std::ops::Range;

use serde::Deserialize as _;
use tidegate_runtime::component::ExporterConfig;
use tidegate_runtime::config::{RequestQueue, Table as _};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fingerprint::fingerprint;
use super::table::{Value, read};
use super::{Problem, Problems};

/// The keys about requests, apart from those of the inbox.
pub(super) struct RequestKeys<'i> {
    table: DeTable<'i>,
    span: Range<usize>,
}

impl<'i> RequestKeys<'i> {
    /// Takes the keys out of a `queue` table; `None` if there are none.
    pub(super) fn take(queue: &mut Value<'i>) -> Option<Self> {
        let span = queue.span();
        let DeValue::Table(queue) = queue.get_mut() else {
            return None;
        };
        let mut table = DeTable::new();
        for key in RequestQueue::KEYS {
            if let Some((key, value)) = queue.remove_entry(key.name) {
                table.insert(key, value);
            }
        }
        (!table.is_empty()).then_some(Self { table, span })
    }

    /// A digest of the keys, which decide what the component is built from.
    pub(super) fn fingerprint(&self) -> String {
        fingerprint(&self.table)
    }

    /// Gives the keys to the configuration of a component, which may have none of them.
    pub(super) fn apply(
        self,
        path: &str,
        config: &mut dyn ExporterConfig,
        problems: &mut Problems,
    ) {
        let first = self.table.iter().next();
        let (name, span) = first.map_or((String::new(), self.span.clone()), |(key, _)| {
            (key.get_ref().to_string(), key.span())
        });
        let table = Spanned::new(self.span, DeValue::Table(self.table));
        let Some(queue) = read(table, path, RequestQueue::deserialize, problems) else {
            return;
        };
        if config.keep_requests(queue).is_none() {
            problems.push(
                Problem::new(format!("unknown key `{path}.{name}`"), span)
                    .label("this kind of exporter keeps no requests")
                    .help("remove it; only exporters that send requests again have this key"),
            );
        }
    }
}
