//! Endpoint names, shared between the flows of an identity: labels are long, and an identity's do not change.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_core::flow::EndpointNames;

/// Identities that are remembered; when there are more, remembering starts anew.
const CAPACITY: usize = 4096;

/// Names by identity.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<u32, Arc<EndpointNames>>,
}

impl Names {
    /// What an endpoint's labels tell; `None` without labels.
    pub(super) fn of(&mut self, identity: u32, mut labels: Vec<String>) -> Option<Arc<EndpointNames>> {
        if labels.is_empty() {
            return None;
        }
        labels.sort_unstable();
        if let Some(names) = self.known.get(&identity).filter(|names| *names.labels == *labels) {
            return Some(Arc::clone(names));
        }
        let names = Arc::new(EndpointNames::of_labels(labels));
        if self.known.len() == CAPACITY {
            self.known.clear();
        }
        self.known.insert(identity, Arc::clone(&names));
        Some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|&label| label.to_owned()).collect()
    }

    #[test]
    fn flows_of_an_identity_share_their_names_until_its_labels_differ() {
        let mut names = Names::default();
        let first = names.of(7, labels(&["b:k=v", "a:k=v"])).expect("names");
        assert_eq!(*first.labels, ["a:k=v", "b:k=v"]);
        assert!(Arc::ptr_eq(&first, &names.of(7, labels(&["a:k=v", "b:k=v"])).expect("names")));
        assert_eq!(*names.of(7, labels(&["c:k"])).expect("names").labels, ["c:k"]);
        assert_eq!(names.of(7, labels(&[])), None);
    }

    #[test]
    fn more_identities_than_are_remembered_change_nothing_but_memory() {
        let mut names = Names::default();
        for identity in 0..10_000 {
            assert!(names.of(identity, labels(&["k8s:app=web"])).is_some());
        }
        assert!(names.known.len() <= CAPACITY);
    }
}
