//! A component of the file: a table in one of the sections `[receivers]`, `[processors]` and
//! `[exporters]`.

use std::collections::HashMap;
use std::ops::Range;

use tidegate_runtime::config::ExporterQueue;
use tidegate_runtime::stage_id::StageId;

/// One component of the file.
#[derive(Debug)]
pub(crate) struct Component<C: ?Sized> {
    /// `kind` or `kind/name`.
    pub(crate) id: String,
    /// The id that it should have had, if there is an error in it.
    pub(crate) meant: Option<String>,
    /// Name in the ledger and in telemetry: the section and the id.
    pub(crate) stage: StageId,
    /// The place of its id.
    pub(crate) span: Range<usize>,
    /// The places of the values of its keys, those of inner tables as `table.key`, and those of items of
    /// lists as `key.0`.
    pub(crate) keys: HashMap<String, Range<usize>>,
    /// The limits of its inbox that are given.
    pub(crate) queue: Option<ExporterQueue>,
    /// A digest of its other keys, which does not depend on their order and layout.
    pub(crate) fingerprint: String,
    /// The configuration as the type of its kind; `None` if it could not be read, in which case
    /// there is a problem.
    pub(crate) config: Option<Box<C>>,
    /// Whether a pipeline names it.
    pub(crate) is_used: bool,
    /// Whether it reported errors about its configuration, so that it is not built.
    pub(crate) is_refused: bool,
}

/// The components of a section.
#[derive(Debug)]
pub(crate) struct Components<C: ?Sized> {
    pub(crate) list: Vec<Component<C>>,
    /// Whether the section could be read, so that all of its components are here.
    pub(crate) is_whole: bool,
}

impl<C: ?Sized> Components<C> {
    /// The index of the component that an id refers to.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        let by_id = self.list.iter().position(|one| one.id == id);
        by_id.or_else(|| {
            let mut meant = self.list.iter();
            meant.position(|one| one.meant.as_deref() == Some(id))
        })
    }
}

impl<C: ?Sized> Component<C> {
    /// The configuration, if it has no errors so far.
    pub(crate) fn buildable(&self) -> Option<&C> {
        self.config.as_deref().filter(|_| !self.is_refused)
    }

    /// The place of a key's value or, where it is not given, of its table or of the component.
    pub(crate) fn span_of(&self, key: &str) -> Range<usize> {
        let table = || self.keys.get(key.rsplit_once('.')?.0);
        let place = self.keys.get(key).or_else(table);
        place.unwrap_or(&self.span).clone()
    }
}

/// Whether `text` can be a pipeline's name or what follows the slash of an id.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// A path as it is written in the header of a table.
pub(crate) fn header(path: &[&str]) -> String {
    let keys = path.iter().map(|key| {
        if is_name(key) {
            (*key).to_owned()
        } else {
            format!("{key:?}")
        }
    });
    keys.collect::<Vec<_>>().join(".")
}
