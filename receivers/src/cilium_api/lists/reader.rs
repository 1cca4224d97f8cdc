//! Reads the elements of a list, and collects its entries in portions.

use serde::de::DeserializeOwned;
use tidegate_model::names::NamesContent;

use crate::json::ElementReader;

/// A list of the API.
pub(in crate::cilium_api) trait List {
    /// The keys of an element that names need.
    type Json: DeserializeOwned;
    /// What is kept of an element.
    type Entry;

    /// The bytes of entries from which on they are sent.
    const PORTION: usize = 64 << 10;

    /// The entry of an element, or why there is none.
    fn entry(json: Self::Json) -> Result<Self::Entry, NoEntry>;

    /// Bytes on the heap.
    fn heap_bytes(entry: &Self::Entry) -> usize;

    /// A portion of the list.
    fn content(entries: Vec<Self::Entry>) -> NamesContent;

    /// Takes the value of a field beside the list.
    fn field(&mut self, json: &[u8]) {
        let _ = json;
    }

    /// Completes entries when the list has ended.
    fn complete(&self, entries: &mut [Self::Entry]) {
        let _ = entries;
    }
}

/// Why an element has no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cilium_api) enum NoEntry {
    /// It names nothing.
    Nothing,
    /// A value that it needs is missing or wrong.
    Invalid,
}

/// Reads one list.
#[derive(Debug)]
pub(super) struct ListReader<L: List> {
    list: L,
    entries: Vec<L::Entry>,
    /// Bytes of the entries.
    weight: usize,
    /// Entries in all portions.
    pub(super) read: u64,
    /// Elements that are not what was expected.
    pub(super) invalid: u64,
    /// Elements that were skipped for their size.
    pub(super) too_large: u64,
    /// Why the first invalid element is so.
    pub(super) example: Option<String>,
}

impl<L: List + Default> Default for ListReader<L> {
    fn default() -> Self {
        Self {
            list: L::default(),
            entries: Vec::new(),
            weight: 0,
            read: 0,
            invalid: 0,
            too_large: 0,
            example: None,
        }
    }
}

impl<L: List> ListReader<L> {
    /// What was read since the last call, if it is enough to be sent.
    pub(super) fn portion(&mut self) -> Option<NamesContent> {
        (self.weight >= L::PORTION).then(|| self.take())
    }

    /// What is left when the list has ended.
    pub(super) fn last_portion(&mut self) -> Option<NamesContent> {
        self.list.complete(&mut self.entries);
        (!self.entries.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> NamesContent {
        self.weight = 0;
        L::content(std::mem::take(&mut self.entries))
    }

    fn add(&mut self, json: L::Json) {
        match L::entry(json) {
            Ok(entry) => {
                self.read += 1;
                self.weight += size_of::<L::Entry>() + L::heap_bytes(&entry);
                self.entries.push(entry);
            }
            Err(NoEntry::Nothing) => {}
            Err(NoEntry::Invalid) => self.invalid(|| "a value is missing or wrong".to_owned()),
        }
    }

    fn invalid(&mut self, why: impl FnOnce() -> String) {
        self.invalid += 1;
        self.example.get_or_insert_with(why);
    }
}

impl<L: List> ElementReader for ListReader<L> {
    fn read_first(&mut self, json: &[u8]) -> Option<usize> {
        // The end of a number does not show.
        if json.first() != Some(&b'{') {
            return None;
        }
        let mut elements = serde_json::Deserializer::from_slice(json).into_iter();
        let element = elements.next()?.ok()?;
        self.add(element);
        Some(elements.byte_offset())
    }

    fn read(&mut self, json: &[u8]) {
        match serde_json::from_slice(json) {
            Ok(element) => self.add(element),
            Err(error) => self.invalid(|| error.to_string()),
        }
    }

    fn too_large(&mut self) {
        self.too_large += 1;
    }

    fn field(&mut self, _: &'static str, json: &[u8]) {
        self.list.field(json);
    }
}
