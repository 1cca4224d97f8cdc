//! Names on their way into records.

use tidegate_model::names::{Names, NamesContent, NamesSource};
use tidegate_model::{Record, Timestamp};

/// The largest number of entries of a record, except for those of one object.
const MAX_ENTRIES: usize = 256;
/// The memory of names that are sent, even if the record could have more of them.
const MAX_BYTES: usize = 64 << 10;

/// Names that were read together: one record for each run of entries of one kind.
#[derive(Debug)]
pub(in crate::kubernetes) struct Portion {
    asked: Timestamp,
    contents: Vec<NamesContent>,
    bytes: usize,
}

impl Portion {
    /// No names. They were requested at `asked`.
    pub(in crate::kubernetes) fn new(asked: Timestamp) -> Self {
        Self {
            asked,
            contents: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds names after the others.
    pub(in crate::kubernetes) fn push(&mut self, content: NamesContent) {
        self.bytes += content.heap_bytes();
        let last = self.contents.last_mut();
        let last = last.filter(|last| last.len() + content.len() <= MAX_ENTRIES);
        match (last, content) {
            (Some(NamesContent::Workloads(last)), NamesContent::Workloads(more)) => {
                last.extend(more);
            }
            (Some(NamesContent::Services(last)), NamesContent::Services(more)) => last.extend(more),
            (Some(NamesContent::Removed(last)), NamesContent::Removed(more)) => last.extend(more),
            (_, content) => self.contents.push(content),
        }
    }

    /// Whether there is at least one full record.
    pub(in crate::kubernetes) fn is_full(&self) -> bool {
        self.contents.len() > 1 || self.bytes >= MAX_BYTES
    }

    /// Whether there are no names.
    pub(in crate::kubernetes) fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// Removes and returns all names as records.
    pub(in crate::kubernetes) fn take(&mut self) -> impl Iterator<Item = Record> + use<> {
        let asked = self.asked;
        self.bytes = 0;
        let contents = std::mem::take(&mut self.contents).into_iter();
        contents.map(move |content| {
            Record::Names(Box::new(Names {
                source: NamesSource::Kubernetes,
                asked,
                content,
            }))
        })
    }
}
