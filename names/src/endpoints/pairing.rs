//! Determines which labels of an endpoint belong to which identity.
//!
//! When the labels of an endpoint change, Cilium assigns another identity, and announces the two
//! separately: the labels with the endpoint's next regeneration, the identity with the IP cache
//! entries of its addresses. With a key-value store the identity is announced first; with
//! Kubernetes usually the labels are, by up to about ten seconds.

use std::time::Duration;

use tidegate_model::Timestamp;

use crate::labels::HeldLabels;

/// The longest time between the announcements of labels and identity.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// An identity, and labels that an endpoint has at the same time.
type Pair = (u32, HeldLabels);

/// The pairs of identity and labels of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    /// The last confirmed pair.
    confirmed: Option<Pair>,
    latest: Option<Pair>,
    /// When the latest pair was first seen.
    pub(super) since: Timestamp,
}

impl Pairing {
    /// Returns whether the current identity and labels of the endpoint belong together. They do not
    /// if only one of them has changed since the last confirmed pair, unless both have remained
    /// unchanged for [`MAX_DELAY`].
    pub(crate) fn confirm(&mut self, identity: u32, labels: &HeldLabels, now: Timestamp) -> bool {
        if !is_pair(self.latest.as_ref(), identity, labels) {
            self.latest = Some((identity, labels.clone()));
            self.since = now;
        }
        let is_half_changed = |pair: &Pair| (pair.0 == identity) != (pair.1 == *labels);
        if self.confirmed.as_ref().is_some_and(is_half_changed) && now.since(self.since) < MAX_DELAY
        {
            return false;
        }
        self.confirmed.clone_from(&self.latest);
        true
    }
}

fn is_pair(pair: Option<&Pair>, identity: u32, labels: &HeldLabels) -> bool {
    pair.is_some_and(|pair| pair.0 == identity && pair.1 == *labels)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tidegate_model::flow::EndpointNames;

    use crate::labels::LabelBudget;

    use super::*;

    /// Which pairs are confirmed. A pair is a time in seconds, an identity and a label.
    fn confirmed(pairs: &[(u64, u32, &str)]) -> Vec<bool> {
        let budget = LabelBudget::new(0);
        let mut pairing = Pairing::default();
        let confirm = |(second, identity, label): &(u64, u32, &str)| {
            let labels = Arc::new(EndpointNames::of_labels(vec![(*label).to_owned()]));
            let labels = budget.hold(labels, None).unwrap();
            pairing.confirm(*identity, &labels, Timestamp(second * 1_000_000_000))
        };
        pairs.iter().map(confirm).collect()
    }

    #[test]
    fn a_pair_is_confirmed_when_both_parts_have_changed() {
        for (case, pairs, expected) in [
            ("the first", &[(0, 1, "a")][..], &[true][..]),
            ("again", &[(0, 1, "a"), (1, 1, "a")], &[true, true]),
            (
                "labels first",
                &[(0, 1, "a"), (1, 1, "b"), (9, 1, "b"), (10, 2, "b")],
                &[true, false, false, true],
            ),
            (
                "identity first",
                &[(0, 1, "a"), (1, 2, "a"), (2, 2, "b")],
                &[true, false, true],
            ),
            (
                "the identity changes back",
                &[(0, 1, "a"), (1, 2, "a"), (2, 1, "a")],
                &[true, false, true],
            ),
        ] {
            assert_eq!(confirmed(pairs), expected, "{case}");
        }
    }

    #[test]
    fn a_pair_that_does_not_change_for_a_minute_is_confirmed() {
        for (case, pairs, expected) in [
            (
                "another identity",
                &[(0, 1, "a"), (5, 2, "a"), (64, 2, "a"), (65, 2, "a")][..],
                [true, false, false, true],
            ),
            (
                "other labels",
                &[(0, 1, "a"), (5, 1, "b"), (64, 1, "b"), (65, 1, "b")],
                [true, false, false, true],
            ),
            (
                "for too short a time",
                &[(0, 1, "a"), (5, 1, "b"), (60, 1, "c"), (70, 1, "c")],
                [true, false, false, false],
            ),
        ] {
            assert_eq!(confirmed(pairs), expected, "{case}");
        }
    }
}
