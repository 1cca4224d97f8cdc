//! Endpoint names, shared by the flows of an identity: labels are long, and the labels of an
//! identity do not change.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::EndpointNames;
use tidegate_wire::access_log::{LabelForm, Labels};

/// The most identities in the cache. When it is full, or its labels take too much memory, it is
/// cleared.
const CAPACITY: usize = 4096;

/// The most bytes of encoded labels in the cache. The texts made of them take about three times as
/// much.
const MAX_BYTES: usize = 256 * 1024;

/// The longest encoded labels of one identity that are cached.
const MAX_ENTRY_BYTES: usize = 16 * 1024;

/// A cache of names by identity.
#[derive(Debug, Default)]
pub(super) struct NameCache {
    entries: HashMap<u32, CachedNames>,
    /// The sum of the entries' encoded labels.
    bytes: usize,
}

#[derive(Debug)]
struct CachedNames {
    /// The labels as they were sent last.
    form: LabelForm,
    encoded: Box<[u8]>,
    names: Arc<EndpointNames>,
}

impl NameCache {
    /// Returns the names that an endpoint's labels hold. Calls `texts` only if the labels are new.
    /// Returns `None` if there are no labels.
    pub(super) fn of(
        &mut self,
        identity: u32,
        labels: Labels<'_>,
        texts: impl FnOnce() -> Vec<String>,
    ) -> Option<Arc<EndpointNames>> {
        if labels.is_empty() {
            None
        } else {
            self.of_encoded(identity, labels.raw(), texts)
        }
    }

    fn of_encoded(
        &mut self,
        identity: u32,
        (form, encoded): (LabelForm, &[u8]),
        texts: impl FnOnce() -> Vec<String>,
    ) -> Option<Arc<EndpointNames>> {
        let cached = self.entries.get(&identity);
        if let Some(cached) = cached
            && cached.form == form
            && *cached.encoded == *encoded
        {
            return Some(Arc::clone(&cached.names));
        }
        let mut labels = texts();
        labels.sort_unstable();
        let names = match cached {
            Some(cached) if *cached.names.labels == *labels => Arc::clone(&cached.names),
            _ if labels.is_empty() => return None,
            _ => Arc::new(EndpointNames::of_labels(labels)),
        };
        if encoded.len() <= MAX_ENTRY_BYTES {
            let cached = CachedNames {
                form,
                encoded: encoded.into(),
                names: Arc::clone(&names),
            };
            self.insert(identity, cached);
        }
        Some(names)
    }

    fn insert(&mut self, identity: u32, cached: CachedNames) {
        if self.entries.len() == CAPACITY || self.bytes + cached.encoded.len() > MAX_BYTES {
            self.entries.clear();
            self.bytes = 0;
        }
        self.bytes += cached.encoded.len();
        if let Some(replaced) = self.entries.insert(identity, cached) {
            self.bytes -= replaced.encoded.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks up labels that are encoded as a comma-separated text.
    fn of(cache: &mut NameCache, identity: u32, encoded: &str) -> Option<Arc<EndpointNames>> {
        let texts = || encoded.split_terminator(',').map(str::to_owned).collect();
        cache.of_encoded(identity, (LabelForm::default(), encoded.as_bytes()), texts)
    }

    #[test]
    fn flows_of_an_identity_share_their_names_until_its_labels_change() {
        let mut cache = NameCache::default();
        let first = of(&mut cache, 7, "b:k=v,a:k=v").expect("names");
        assert_eq!(*first.labels, ["a:k=v", "b:k=v"]);
        for encoded in ["b:k=v,a:k=v", "a:k=v,b:k=v", "a:k=v,b:k=v"] {
            let names = of(&mut cache, 7, encoded).expect("names");
            assert!(Arc::ptr_eq(&first, &names), "{encoded}");
        }
        assert_eq!(*of(&mut cache, 7, "c:k").expect("names").labels, ["c:k"]);
        assert_eq!(of(&mut cache, 7, ""), None);
    }

    #[test]
    fn labels_that_are_in_the_cache_are_not_decoded_again() {
        let mut cache = NameCache::default();
        let first = of(&mut cache, 7, "a:k").expect("names");
        let again = cache.of_encoded(7, (LabelForm::default(), b"a:k"), || {
            unreachable!("they are cached")
        });
        assert!(again.is_some_and(|again| Arc::ptr_eq(&first, &again)));
    }

    #[test]
    fn the_cache_holds_a_bounded_number_of_identities() {
        let mut cache = NameCache::default();
        for identity in 0..10_000 {
            assert!(of(&mut cache, identity, "k8s:app=web").is_some());
        }
        assert!(cache.entries.len() <= CAPACITY);
    }

    #[test]
    fn very_long_labels_are_not_cached() {
        let mut cache = NameCache::default();
        for (len, is_cached) in [(MAX_ENTRY_BYTES, true), (MAX_ENTRY_BYTES + 1, false)] {
            assert!(of(&mut cache, 9, &"k".repeat(len)).is_some());
            assert_eq!(cache.entries.remove(&9).is_some(), is_cached);
        }
    }

    #[test]
    fn the_cache_holds_a_bounded_number_of_bytes() {
        let mut cache = NameCache::default();
        for n in 0..1000 {
            let encoded = format!("{}{n}", "k".repeat(MAX_ENTRY_BYTES - 3));
            assert!(of(&mut cache, n % 100, &encoded).is_some());
            let entries = cache.entries.values();
            let bytes: usize = entries.map(|cached| cached.encoded.len()).sum();
            assert_eq!(bytes, cache.bytes);
            assert!(bytes <= MAX_BYTES, "{bytes}");
        }
    }
}
