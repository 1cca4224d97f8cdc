//! The documented tables of a configuration file: those of the kinds of components, and the tables
//! of `[service]`.

use tidegate_runtime::component::{ComponentKind, ExporterConfig};
use tidegate_runtime::config::{
    ExporterPolicy, ExporterQueue, Key, Queue, RequestQueue, Setting as _, Table as _, Value,
};
use tidegate_runtime::limits::{Limits, WhenFull};
use toml::de::ValueDeserializer;

use crate::config::{Registry, ServiceTable};

/// A table of the configuration file.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its section: `receivers`, `processors`, `exporters` or `service`.
    pub(crate) section: &'static str,
    /// The kind, or the path of a table of `[service]`.
    pub(crate) name: &'static str,
    /// The lines of its doc comment.
    pub(crate) about: &'static str,
    /// Its keys.
    pub(crate) keys: &'static [Key],
    /// Whether the table has an effect of its own, so that it is left out unless that is wanted.
    pub(crate) is_optional: bool,
    /// Its inbox, if it is a component that has one.
    pub(crate) inbox: Option<Inbox>,
}

/// The `queue` table of a processor or an exporter.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    pub(crate) keys: &'static [Key],
    /// The limits of this kind.
    pub(crate) default: Value,
}

/// A key, or a key of an inner table.
#[derive(Clone, Debug)]
pub(crate) struct Flat {
    /// `key` or `table.key`.
    pub(crate) path: String,
    pub(crate) key: Key,
    pub(crate) default: Option<Value>,
    /// Whether the table needs it: it is required, and so is the inner table that it is part of.
    pub(crate) is_required: bool,
    /// The documentation of the inner tables that begin with it.
    pub(crate) tables: Vec<&'static str>,
}

impl Entry {
    /// The name of the table in the file.
    pub(crate) fn path(&self) -> String {
        match self.section {
            "service" => self.name.to_owned(),
            section => format!("{section}.{}", self.name),
        }
    }
}

/// Tables of `[service]` that have a header of their own.
const SERVICE: [&str; 4] = [
    "service",
    "service.telemetry",
    "service.telemetry.admin",
    "service.telemetry.otlp",
];

/// Every kind of component of a registry.
pub(crate) fn kinds(registry: &Registry) -> Vec<Entry> {
    let receivers = registry
        .receivers
        .iter()
        .map(|kind| entry("receivers", kind, None));
    let processors = registry
        .processors
        .iter()
        .map(|kind| entry("processors", kind, Some(processor_inbox())));
    let exporters = registry
        .exporters
        .iter()
        .map(|kind| entry("exporters", kind, Some(exporter_inbox(kind))));
    receivers.chain(processors).chain(exporters).collect()
}

/// The tables of `[service]`.
pub(crate) fn service_tables() -> Vec<Entry> {
    SERVICE.into_iter().map(service_table).collect()
}

fn service_table(name: &'static str) -> Entry {
    let mut entry = Entry {
        section: "service",
        name,
        about: ServiceTable::ABOUT,
        keys: ServiceTable::KEYS,
        is_optional: false,
        inbox: None,
    };
    for part in name.split('.').skip(1) {
        let key = entry.keys.iter().find(|key| key.name == part);
        if let Some((key, inner)) = key.and_then(|key| Some((key, key.inner()?))) {
            entry.about = key.text;
            entry.keys = inner;
            entry.is_optional = (key.default)().is_none();
        }
    }
    entry
}

fn entry<C: ?Sized>(section: &'static str, kind: &ComponentKind<C>, inbox: Option<Inbox>) -> Entry {
    Entry {
        section,
        name: kind.name,
        about: kind.about,
        keys: kind.keys,
        is_optional: false,
        inbox,
    }
}

fn processor_inbox() -> Inbox {
    let default = Queue::of(Limits::DEFAULT, WhenFull::Block).to_toml();
    Inbox {
        keys: Queue::KEYS,
        default: default.unwrap_or_else(empty),
    }
}

/// The inbox of an exporter; that of one that requires keys is the usual one.
fn exporter_inbox(kind: &ComponentKind<dyn ExporterConfig>) -> Inbox {
    let mut config = ValueDeserializer::parse("{}")
        .ok()
        .and_then(|table| (kind.parse)(table).ok());
    let limits = config
        .as_ref()
        .map_or(Limits::DEFAULT, |config| config.default_queue());
    let default = ExporterQueue::of(limits, ExporterPolicy::Auto).to_toml();
    let requests = config
        .as_mut()
        .and_then(|config| config.keep_requests(RequestQueue::default()));
    if let Some(requests) = requests {
        let mut default = default.unwrap_or_else(empty);
        if let (Value::Table(table), Some(requests)) = (&mut default, requests.to_toml()) {
            table.insert("requests".to_owned(), requests);
        }
        return Inbox {
            keys: ExporterQueue::KEYS_WITH_REQUESTS,
            default,
        };
    }
    Inbox {
        keys: ExporterQueue::KEYS,
        default: default.unwrap_or_else(empty),
    }
}

fn empty() -> Value {
    Value::Table(toml::Table::new())
}

/// The keys of a table and of its inner tables, except of those for which `is_whole` holds and of
/// those that have a header of their own. `path` is the table's.
pub(crate) fn flatten(path: &str, keys: &[Key], is_whole: impl Fn(&Key) -> bool) -> Vec<Flat> {
    let mut flat = Vec::new();
    let tables = keys
        .iter()
        .filter(|key| !SERVICE.contains(&&*format!("{path}.{}", key.name)));
    for key in tables {
        let inner = key.inner().filter(|_| !is_whole(key));
        let one = Flat {
            path: key.name.to_owned(),
            key: *key,
            default: (key.default)(),
            is_required: key.is_required,
            tables: Vec::new(),
        };
        add(&mut flat, one, inner);
    }
    flat
}

/// Adds a key or, if it is a table with these inner keys, those in its place.
fn add(flat: &mut Vec<Flat>, one: Flat, inner: Option<&'static [Key]>) {
    let Some(keys) = inner else {
        flat.push(one);
        return;
    };
    for (at, key) in keys.iter().enumerate() {
        let given = one.default.as_ref().and_then(|table| table.get(key.name));
        let default = given.cloned().or_else(key.default);
        let mut tables = Vec::new();
        if at == 0 {
            tables.clone_from(&one.tables);
            tables.push(one.key.text);
        }
        let inner = Flat {
            path: format!("{}.{}", one.path, key.name),
            key: *key,
            default,
            is_required: one.is_required && key.is_required,
            tables,
        };
        add(flat, inner, key.inner());
    }
}
