//! The sections `[receivers]`, `[processors]` and `[exporters]`: components by their id, each read
//! as the type of its kind.

use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize as _;
use tidegate_runtime::component::{ComponentKind, ExporterConfig, ProcessorConfig, ReceiverConfig};
use tidegate_runtime::config::{ExporterQueue, Key, Queue, Table as _};
use tidegate_runtime::stage_id::{Role, StageId};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::Problems;
use super::component::{Component, Components};
use super::fingerprint::fingerprint;
use super::kind::NamedKind;
use super::registry::Registry;
use super::renamed::{replace_old_names, replace_old_names_of};
use super::request_queue::RequestKeys;
use super::table::{Value, read, refuse_unknown, table};

/// The key that every processor and exporter has.
pub(crate) const QUEUE: &str = "queue";

/// The table of a component.
struct Content<C: ?Sized> {
    queue: Option<ExporterQueue>,
    keys: HashMap<String, Range<usize>>,
    fingerprint: String,
    config: Option<Box<C>>,
}

impl<C: ?Sized> Content<C> {
    fn unreadable() -> Self {
        Self {
            queue: None,
            keys: HashMap::new(),
            fingerprint: String::new(),
            config: None,
        }
    }
}

/// The kind of `queue` table that the components of a section have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InboxTable {
    /// None, or one that the kind declares itself.
    None,
    /// A processor's.
    Processor,
    /// An exporter's.
    Exporter,
}

impl InboxTable {
    /// Its keys.
    pub(crate) fn keys(self) -> &'static [Key] {
        match self {
            Self::None => &[],
            Self::Processor => Queue::KEYS,
            Self::Exporter => ExporterQueue::KEYS,
        }
    }

    fn read(self, value: Value<'_>, path: &str, problems: &mut Problems) -> Option<ExporterQueue> {
        match self {
            Self::None | Self::Processor => {
                read(value, path, Queue::deserialize, problems).map(ExporterQueue::from)
            }
            Self::Exporter => read(value, path, ExporterQueue::deserialize, problems),
        }
    }
}

/// A section and the kinds of components in it.
pub(crate) struct Section<C: ?Sized + 'static> {
    /// The role of its components, which names the section.
    pub(crate) role: Role,
    /// What one of its components is called.
    pub(crate) one: &'static str,
    pub(crate) kinds: &'static [ComponentKind<C>],
    /// The inbox of its components.
    pub(crate) inbox: InboxTable,
    /// Gives the configuration of a component the keys about its requests.
    pub(super) apply_requests: fn(RequestKeys<'_>, &str, &mut C, &mut Problems),
}

impl Registry {
    /// The section of the receivers.
    pub(crate) fn receiver_section(&self) -> Section<dyn ReceiverConfig> {
        Section {
            role: Role::Receiver,
            one: "receiver",
            kinds: self.receivers,
            inbox: InboxTable::None,
            apply_requests: |_, _, _, _| {},
        }
    }

    /// The section of the processors.
    pub(crate) fn processor_section(&self) -> Section<dyn ProcessorConfig> {
        Section {
            role: Role::Processor,
            one: "processor",
            kinds: self.processors,
            inbox: InboxTable::Processor,
            apply_requests: |_, _, _, _| {},
        }
    }

    /// The section of the exporters.
    pub(crate) fn exporter_section(&self) -> Section<dyn ExporterConfig> {
        Section {
            role: Role::Exporter,
            one: "exporter",
            kinds: self.exporters,
            inbox: InboxTable::Exporter,
            apply_requests: |keys, path, config, problems| keys.apply(path, config, problems),
        }
    }
}

impl<C: ?Sized> Section<C> {
    /// Reads the section out of the file's root.
    pub(crate) fn read(&self, root: &mut DeTable<'_>, problems: &mut Problems) -> Components<C> {
        let section = root.remove(self.role.section());
        let read = section.map(|section| table(section, self.role.section(), problems));
        let is_whole = !matches!(read, Some(None));
        let tables = read.flatten().unwrap_or_default().into_iter();
        Components {
            list: tables
                .map(|(id, value)| self.component(&id, value, problems))
                .collect(),
            is_whole,
        }
    }

    fn component(
        &self,
        id: &Spanned<DeString<'_>>,
        mut value: Value<'_>,
        problems: &mut Problems,
    ) -> Component<C> {
        let stage = StageId::new(self.role, id.get_ref());
        let named = NamedKind::of(id, &mut value, self.kinds, self.role.section(), problems);
        let Content {
            queue,
            keys,
            fingerprint,
            config,
        } = match named.kind {
            Some(kind) => self.content(kind, stage.as_str(), value, problems),
            None => Content::unreadable(),
        };
        let id_text = id.get_ref().to_string();
        Component {
            id: id_text,
            stage,
            span: id.span(),
            keys,
            queue,
            fingerprint,
            config: config.filter(|_| named.meant.is_none()),
            // Whether it is used does not matter until it has a kind.
            is_used: named.kind.is_none(),
            meant: named.meant,
            is_refused: false,
        }
    }

    fn content(
        &self,
        kind: &ComponentKind<C>,
        stage: &str,
        value: Value<'_>,
        problems: &mut Problems,
    ) -> Content<C> {
        let span = value.span();
        let Some(mut table) = table(value, stage, problems) else {
            return Content::unreadable();
        };
        let before = problems.errors();
        replace_old_names(&mut table, kind.keys, stage, problems);
        let queue_keys = self.inbox.keys();
        let queue_key = (!queue_keys.is_empty()).then_some(QUEUE);
        let own = kind.keys.iter().map(|key| key.name);
        let known: Vec<_> = own.chain(queue_key).collect();
        refuse_unknown(&mut table, &known, stage, problems);
        let mut keys = HashMap::new();
        add_spans(&table, "", &mut keys);
        let queue = queue_key.and_then(|key| table.remove(key));
        let mut fingerprint = fingerprint(&table);
        let path = format!("{stage}.{QUEUE}");
        let mut requests = None;
        let queue = queue.and_then(|mut queue| {
            replace_old_names_of(&mut queue, queue_keys, &path, problems);
            if self.inbox == InboxTable::Exporter {
                requests = RequestKeys::take(&mut queue);
            }
            self.inbox.read(queue, &path, problems)
        });
        let mut config = read(
            Spanned::new(span, DeValue::Table(table)),
            stage,
            kind.parse,
            problems,
        );
        if let (Some(requests), Some(config)) = (requests, &mut config) {
            fingerprint += &requests.fingerprint();
            (self.apply_requests)(requests, &path, config, problems);
        }
        Content {
            queue,
            keys,
            fingerprint,
            config: config.filter(|_| problems.errors() == before),
        }
    }
}

/// Adds the places of the values of a table.
pub(super) fn add_spans(table: &DeTable<'_>, path: &str, keys: &mut HashMap<String, Range<usize>>) {
    for (key, value) in table {
        add_span(value, format!("{path}{}", key.get_ref()), keys);
    }
}

/// Adds the places of a value and of all values in it.
fn add_span(value: &Value<'_>, path: String, keys: &mut HashMap<String, Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(inner) => add_spans(inner, &format!("{path}."), keys),
        DeValue::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(at, item)| add_span(item, format!("{path}.{at}"), keys)),
        _ => {}
    }
    keys.insert(path, value.span());
}
