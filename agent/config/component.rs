//! The sections `[receivers]`, `[processors]` and `[exporters]`: components by their id, each read
//! as the type of its kind.

use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize as _;
use tidegate_runtime::component::ComponentKind;
use tidegate_runtime::config::{ExporterPolicy, Queue};
use tidegate_runtime::limits::WhenFull;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::fingerprint::fingerprint;
use super::registry::find;
use super::suggest::nearest;
use super::table::{Value, quoted, read, refuse_unknown, table};
use super::{Problem, Problems};

/// The key that every processor and exporter has.
const QUEUE: &str = "queue";

/// One component of the file.
#[derive(Debug)]
pub(crate) struct Component<C: ?Sized> {
    /// `kind` or `kind/name`.
    pub(crate) id: String,
    /// Name in books and telemetry: the section and the id.
    pub(crate) stage: String,
    /// Where its id stands.
    pub(crate) span: Range<usize>,
    /// Where the values of its keys stand, those of inner tables as `table.key`.
    pub(crate) keys: HashMap<String, Range<usize>>,
    /// What the file says about its inbox.
    pub(crate) queue: Option<Queue<ExporterPolicy>>,
    /// What the file says about the rest, whatever the order and the layout: the same text for the
    /// same.
    pub(crate) fingerprint: String,
    /// What it can do; `None` if that could not be read, which is a problem already.
    pub(crate) config: Option<Box<C>>,
    /// Whether a pipeline names it.
    pub(crate) used: bool,
}

impl<C: ?Sized> Component<C> {
    /// The place of a key's value, or of the component where it is not given.
    pub(crate) fn place_of(&self, key: &str) -> Range<usize> {
        self.keys.get(key).unwrap_or(&self.span).clone()
    }
}

/// What stands under a component's id.
struct Content<C: ?Sized> {
    queue: Option<Queue<ExporterPolicy>>,
    keys: HashMap<String, Range<usize>>,
    fingerprint: String,
    config: Option<Box<C>>,
}

impl<C: ?Sized> Content<C> {
    fn nothing() -> Self {
        Self {
            queue: None,
            keys: HashMap::new(),
            fingerprint: String::new(),
            config: None,
        }
    }
}

/// The `queue` table of a section's components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InboxTable {
    /// There is none, or it is the kind's own.
    None,
    /// Of a processor.
    Processor,
    /// Of an exporter.
    Exporter,
}

impl InboxTable {
    fn read(
        self,
        value: Value<'_>,
        path: &str,
        problems: &mut Problems,
    ) -> Option<Queue<ExporterPolicy>> {
        match self {
            Self::None | Self::Processor => {
                read(value, path, Queue::deserialize, problems).map(Queue::<WhenFull>::into)
            }
            Self::Exporter => read(value, path, Queue::deserialize, problems),
        }
    }
}

/// What a section holds.
pub(crate) struct Section<C: ?Sized + 'static> {
    /// Its name in the file.
    pub(crate) name: &'static str,
    /// One of what it holds.
    pub(crate) one: &'static str,
    pub(crate) kinds: &'static [ComponentKind<C>],
    /// Whether its components have an inbox.
    pub(crate) inbox: InboxTable,
}

impl<C: ?Sized> Section<C> {
    /// Reads the section out of the file's root.
    pub(crate) fn read(
        &self,
        root: &mut DeTable<'_>,
        problems: &mut Problems,
    ) -> Vec<Component<C>> {
        let Some(section) = root.remove(self.name) else {
            return Vec::new();
        };
        let Some(section) = table(section, self.name, problems) else {
            return Vec::new();
        };
        section
            .into_iter()
            .map(|(id, value)| self.component(&id, value, problems))
            .collect()
    }

    fn component(
        &self,
        id: &Spanned<DeString<'_>>,
        value: Value<'_>,
        problems: &mut Problems,
    ) -> Component<C> {
        let stage = format!("{}.{}", self.name, id.get_ref());
        let Content {
            queue,
            keys,
            fingerprint,
            config,
        } = self.content(id, &stage, value, problems);
        let id_text = id.get_ref().to_string();
        Component {
            id: id_text,
            stage,
            span: id.span(),
            keys,
            queue,
            fingerprint,
            config,
            used: false,
        }
    }

    fn content(
        &self,
        id: &Spanned<DeString<'_>>,
        stage: &str,
        value: Value<'_>,
        problems: &mut Problems,
    ) -> Content<C> {
        let span = value.span();
        let Some(kind) = self.kind(id, problems) else {
            return Content::nothing();
        };
        let Some(mut table) = table(value, stage, problems) else {
            return Content::nothing();
        };
        let mut keys = HashMap::new();
        places(&table, "", &mut keys);
        let has_queue = self.inbox != InboxTable::None;
        let queue = if has_queue { table.remove(QUEUE) } else { None };
        let fingerprint = fingerprint(&table);
        let before = problems.len();
        let queue = queue.and_then(|queue| {
            self.inbox
                .read(queue, &format!("{stage}.{QUEUE}"), problems)
        });
        // A key of a table in the table is listed as `table.key`.
        let mut known: Vec<_> = kind
            .keys
            .iter()
            .filter_map(|key| key.name.split('.').next())
            .collect();
        known.dedup();
        known.extend(has_queue.then_some(QUEUE));
        refuse_unknown(&mut table, &known, stage, problems);
        let config = read(
            Spanned::new(span, DeValue::Table(table)),
            stage,
            kind.parse,
            problems,
        );
        Content {
            queue,
            keys,
            fingerprint,
            config: config.filter(|_| problems.len() == before),
        }
    }

    /// The kind that an id names.
    fn kind(
        &self,
        id: &Spanned<DeString<'_>>,
        problems: &mut Problems,
    ) -> Option<&'static ComponentKind<C>> {
        let (name, label) = id
            .get_ref()
            .split_once('/')
            .map_or((id.get_ref().as_ref(), None), |(k, l)| (k, Some(l)));
        if let Some(label) = label.filter(|label| !is_name(label)) {
            let title = format!("`{label}` cannot be a name");
            let help = "use letters, digits, `_` and `-` after the slash";
            problems.push(Problem::new(title, id.span()).help(help));
        }
        let kind = find(self.kinds, name);
        if kind.is_none() {
            problems.push(self.unknown_kind(name, id.span()));
        }
        kind
    }

    fn unknown_kind(&self, name: &str, span: Range<usize>) -> Problem {
        let names: Vec<_> = self.kinds.iter().map(|kind| kind.name).collect();
        let problem = Problem::new(
            format!("there is no kind of {} called `{name}`", self.name),
            span,
        );
        match nearest(name, names.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.note(format!(
                "the kinds of {} are {}",
                self.name,
                quoted(&names, "and")
            )),
        }
    }
}

/// Enters where the values of a table stand.
fn places(table: &DeTable<'_>, path: &str, keys: &mut HashMap<String, Range<usize>>) {
    for (key, value) in table {
        let path = format!("{path}{}", key.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            places(inner, &format!("{path}."), keys);
        }
        keys.insert(path, value.span());
    }
}

/// Whether `text` can be a pipeline's name or what follows the slash of an id.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}
