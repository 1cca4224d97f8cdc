//! Reads a list of any kind from the pieces of its text.

use tidegate_model::names::{NamesContent, NamesList};

use super::embedded::Embedded;
use super::reader::{List, ListReader};
use super::{Addresses, Cgroups, Dns, Endpoints, Identities, Nodes, RuleLogs, Services};
use crate::cilium_api::config::ApiList;
use crate::json::{SplitError, Splitter};

/// The longest element of a list, in bytes.
pub const MAX_ELEMENT: usize = 1 << 20;

/// Reads a list from the pieces of its text; holds one element and one portion.
pub struct ListParser {
    splitter: Splitter,
    reader: Box<dyn Reader>,
    /// What the list is in, if it is a text in the JSON.
    embedded: Option<Embedded>,
}

/// The counts of the elements of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListCounts {
    /// Entries.
    pub entries: u64,
    /// Elements that are not what was expected.
    pub invalid: u64,
    /// Elements of more than [`MAX_ELEMENT`] bytes.
    pub too_large: u64,
    /// The error of the first invalid element.
    pub example: Option<String>,
}

/// The reader of a list of any kind.
trait Reader: Send {
    fn push(&mut self, splitter: &mut Splitter, piece: &[u8]) -> Result<(), SplitError>;
    fn portion(&mut self) -> Option<NamesContent>;
    fn last_portion(&mut self) -> Option<NamesContent>;
    fn counts(&self) -> ListCounts;
}

impl<L: List<Entry: Send> + Send> Reader for ListReader<L> {
    fn push(&mut self, splitter: &mut Splitter, piece: &[u8]) -> Result<(), SplitError> {
        splitter.push(piece, self)
    }

    fn portion(&mut self) -> Option<NamesContent> {
        self.portion()
    }

    fn last_portion(&mut self) -> Option<NamesContent> {
        self.last_portion()
    }

    fn counts(&self) -> ListCounts {
        ListCounts {
            entries: self.read,
            invalid: self.invalid,
            too_large: self.too_large,
            example: self.example.clone(),
        }
    }
}

impl ListParser {
    /// Begins a list.
    #[must_use]
    pub fn new(list: ApiList) -> Self {
        let splitter = match list {
            ApiList::Cgroups => Splitter::object("pod-metadatas", &[], MAX_ELEMENT),
            ApiList::Nodes => Splitter::object("nodes-added", &["self"], MAX_ELEMENT),
            _ => Splitter::list(MAX_ELEMENT),
        };
        let reader: Box<dyn Reader> = match list {
            ApiList::Identities => Box::new(ListReader::<Identities>::default()),
            ApiList::Addresses => Box::new(ListReader::<Addresses>::default()),
            ApiList::Endpoints => Box::new(ListReader::<Endpoints>::default()),
            ApiList::Services => Box::new(ListReader::<Services>::default()),
            ApiList::Cgroups => Box::new(ListReader::<Cgroups>::default()),
            ApiList::Dns => Box::new(ListReader::<Dns>::default()),
            ApiList::Nodes => Box::new(ListReader::<Nodes>::default()),
            ApiList::RuleLogs => Box::new(ListReader::<RuleLogs>::default()),
        };
        Self {
            splitter,
            reader,
            embedded: (list == ApiList::RuleLogs).then(|| Embedded::new(r#""policy":""#)),
        }
    }

    /// Reads the next piece of the text. Returns a portion of the list if there is enough for one.
    ///
    /// # Errors
    ///
    /// If the text is not such a list. What was read before stays valid.
    pub fn push(&mut self, piece: &[u8]) -> Result<Option<NamesContent>, SplitError> {
        match &mut self.embedded {
            Some(embedded) => {
                let text = embedded.push(piece);
                self.reader.push(&mut self.splitter, &text)?;
            }
            None => self.reader.push(&mut self.splitter, piece)?,
        }
        Ok(self.reader.portion())
    }

    /// Ends the text. Returns the last portion, if there is one.
    ///
    /// # Errors
    ///
    /// If the list had not ended.
    pub fn finish(&mut self) -> Result<Option<NamesContent>, SplitError> {
        self.splitter.finish()?;
        Ok(self.reader.last_portion())
    }

    /// The counts of the elements so far.
    #[must_use]
    pub fn counts(&self) -> ListCounts {
        self.reader.counts()
    }
}

impl ApiList {
    /// The list as processors know it.
    #[must_use]
    pub fn of_names(self) -> NamesList {
        match self {
            Self::Identities => NamesList::Identities,
            Self::Addresses => NamesList::Addresses,
            Self::Endpoints => NamesList::Endpoints,
            Self::Services => NamesList::Services,
            Self::Cgroups => NamesList::Cgroups,
            Self::Dns => NamesList::Dns,
            Self::Nodes => NamesList::Nodes,
            Self::RuleLogs => NamesList::RuleLogs,
        }
    }
}
