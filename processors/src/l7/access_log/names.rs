//! Endpoint names, shared between the flows of an identity: labels are long, and an identity's do
//! not change.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::EndpointNames;
use tidegate_wire::access_log::{LabelForm, Labels};

/// Identities that are remembered; when there are more, or their labels take too much, remembering
/// starts anew.
const CAPACITY: usize = 4096;

/// Bytes of labels as they were sent that are remembered, at most; the texts that are made of them
/// take some three times as much. Labels that are longer than a part of that are not remembered.
const MOST_BYTES: usize = 256 * 1024;
const LONGEST: usize = 16 * 1024;

/// Names by identity.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<u32, Known>,
    bytes: usize,
}

#[derive(Debug)]
struct Known {
    /// The labels as they were sent the last time.
    form: LabelForm,
    bytes: Box<[u8]>,
    names: Arc<EndpointNames>,
}

impl Names {
    /// What an endpoint's labels tell, whose `texts` are only made if they are new; `None` without
    /// labels.
    pub(super) fn of(
        &mut self,
        identity: u32,
        labels: Labels<'_>,
        texts: impl FnOnce() -> Vec<String>,
    ) -> Option<Arc<EndpointNames>> {
        if labels.is_empty() {
            None
        } else {
            self.of_bytes(identity, labels.raw(), texts)
        }
    }

    fn of_bytes(
        &mut self,
        identity: u32,
        (form, bytes): (LabelForm, &[u8]),
        labels: impl FnOnce() -> Vec<String>,
    ) -> Option<Arc<EndpointNames>> {
        let known = self.known.get(&identity);
        if let Some(known) = known.filter(|known| known.form == form && *known.bytes == *bytes) {
            return Some(Arc::clone(&known.names));
        }
        let mut labels = labels();
        labels.sort_unstable();
        let names = match known.filter(|known| *known.names.labels == *labels) {
            Some(known) => Arc::clone(&known.names),
            None if labels.is_empty() => return None,
            None => Arc::new(EndpointNames::of_labels(labels)),
        };
        if bytes.len() <= LONGEST {
            self.remember(
                identity,
                Known {
                    form,
                    bytes: bytes.into(),
                    names: Arc::clone(&names),
                },
            );
        }
        Some(names)
    }

    fn remember(&mut self, identity: u32, known: Known) {
        if self.known.len() == CAPACITY || self.bytes + known.bytes.len() > MOST_BYTES {
            self.known.clear();
            self.bytes = 0;
        }
        self.bytes += known.bytes.len();
        if let Some(before) = self.known.insert(identity, known) {
            self.bytes -= before.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels that are sent as texts with commas between them.
    fn of(names: &mut Names, identity: u32, sent: &str) -> Option<Arc<EndpointNames>> {
        let labels = || sent.split_terminator(',').map(str::to_owned).collect();
        names.of_bytes(identity, (LabelForm::default(), sent.as_bytes()), labels)
    }

    #[test]
    fn flows_of_an_identity_share_their_names_until_its_labels_differ() {
        let mut names = Names::default();
        let first = of(&mut names, 7, "b:k=v,a:k=v").expect("names");
        assert_eq!(*first.labels, ["a:k=v", "b:k=v"]);
        for sent in ["b:k=v,a:k=v", "a:k=v,b:k=v", "a:k=v,b:k=v"] {
            assert!(Arc::ptr_eq(
                &first,
                &of(&mut names, 7, sent).expect("names")
            ));
        }
        assert_eq!(*of(&mut names, 7, "c:k").expect("names").labels, ["c:k"]);
        assert_eq!(of(&mut names, 7, ""), None);
    }

    #[test]
    fn labels_that_were_sent_before_are_not_read_again() {
        let mut names = Names::default();
        let first = of(&mut names, 7, "a:k").expect("names");
        let again = names.of_bytes(7, (LabelForm::default(), b"a:k"), || {
            unreachable!("they are known")
        });
        assert!(again.is_some_and(|again| Arc::ptr_eq(&first, &again)));
    }

    #[test]
    fn more_identities_than_are_remembered_change_nothing_but_memory() {
        let mut names = Names::default();
        for identity in 0..10_000 {
            assert!(of(&mut names, identity, "k8s:app=web").is_some());
        }
        assert!(names.known.len() <= CAPACITY);
    }

    #[test]
    fn labels_beyond_measure_are_not_remembered() {
        let mut names = Names::default();
        for (len, remembered) in [(LONGEST, true), (LONGEST + 1, false)] {
            assert!(of(&mut names, 9, &"k".repeat(len)).is_some());
            assert_eq!(names.known.remove(&9).is_some(), remembered);
        }
    }

    #[test]
    fn what_is_remembered_of_labels_is_bounded_in_bytes() {
        let mut names = Names::default();
        for identity in 0..1000 {
            assert!(
                of(
                    &mut names,
                    identity % 100,
                    &format!("{}{identity}", "k".repeat(LONGEST - 3))
                )
                .is_some()
            );
            let held: usize = names.known.values().map(|known| known.bytes.len()).sum();
            assert!(held == names.bytes && held <= MOST_BYTES, "{held}");
        }
    }
}
