//! Which of an endpoint's labels belong to which of its identities.
//!
//! Cilium gives an endpoint whose labels change another identity, and announces both apart: the
//! labels with the endpoint's next regeneration, the identity with the IP cache entries of its
//! addresses. With a key-value store the identity comes first, with Kubernetes mostly the labels,
//! up to some ten seconds before.

use std::time::Duration;

use tidegate_model::Timestamp;

use super::identities::Labels;

/// How long labels and identity of an endpoint can be announced apart.
const PATIENCE: Duration = Duration::from_secs(60);

/// An identity and the labels that an endpoint has at the same time.
type Pair = (u32, Labels);

/// The pairs of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// The last pair that belongs together.
    settled: Option<Pair>,
    /// The last pair that was seen, and since when.
    latest: Option<Pair>,
    since: Timestamp,
}

impl Pairing {
    /// Whether the endpoint's labels and its identity of this time belong together: not if only one
    /// of them has changed since they last did, unless both have stayed as they are for longer than
    /// they can be apart.
    pub(super) fn settles(&mut self, identity: u32, labels: &Labels, now: Timestamp) -> bool {
        if !is(self.latest.as_ref(), identity, labels) {
            self.latest = Some((identity, labels.clone()));
            self.since = now;
        }
        let one_changed = |(id, with): &Pair| (*id == identity) != (with == labels);
        if self.settled.as_ref().is_some_and(one_changed) && now.since(self.since) < PATIENCE {
            return false;
        }
        self.settled.clone_from(&self.latest);
        true
    }
}

fn is(pair: Option<&Pair>, identity: u32, labels: &Labels) -> bool {
    pair.is_some_and(|(id, with)| *id == identity && with == labels)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tidegate_model::flow::EndpointNames;

    use super::*;

    /// Which of the pairs settle, at seconds.
    fn settled(pairs: &[(u64, u32, &str)]) -> Vec<bool> {
        let mut pairing = Pairing::default();
        let settles = |(second, identity, label): &(u64, u32, &str)| {
            let labels = Arc::new(EndpointNames::of_labels(vec![(*label).to_owned()]));
            pairing.settles(*identity, &labels, Timestamp(second * 1_000_000_000))
        };
        pairs.iter().map(settles).collect()
    }

    #[test]
    fn a_pair_settles_once_both_have_changed() {
        for (what, pairs, expected) in [
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
                "and back",
                &[(0, 1, "a"), (1, 2, "a"), (2, 1, "a")],
                &[true, false, true],
            ),
        ] {
            assert_eq!(settled(pairs), expected, "{what}");
        }
    }

    #[test]
    fn a_pair_that_stays_settles() {
        for (what, pairs, expected) in [
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
            assert_eq!(settled(pairs), expected, "{what}");
        }
    }
}
