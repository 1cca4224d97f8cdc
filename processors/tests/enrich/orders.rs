//! Announcements of an endpoint's labels and identities in every order that an agent can produce,
//! compared with a model of which belong together.

use proptest::prelude::*;
use tidegate_model::Timestamp;

use crate::support::{AS_HUBBLE, Enrich, NODE, OTHER_NODE};

const POD: &str = "shop/cart-0";
const STEPS: u32 = 5;

fn label(step: u32) -> String {
    format!("k8s:step={step}")
}

fn identity(step: u32) -> u32 {
    5000 + step
}

/// What a pod of another node with the identity shows.
fn shown(enrich: &mut Enrich, step: u32) -> String {
    enrich.source(&format!("10.0.9.{step}"), 0)
}

fn expected(step: u32, labels: &str) -> String {
    format!("0/{} - shop/other-{step} [{labels}]", identity(step))
}

/// An agent that announces the labels and identities of its endpoint. Each change has labels and an
/// identity, which are announced in order; at most one change separates the two.
struct Agent {
    enrich: Enrich,
    /// The last announced changes; `None` before the first.
    labels: Option<u32>,
    identity: Option<u32>,
}

impl Agent {
    fn new(created_with: &[&str]) -> Self {
        let mut enrich = Enrich::new(AS_HUBBLE);
        for step in 0..STEPS {
            enrich.upserted(
                &format!("10.0.9.{step}/32"),
                identity(step),
                &format!("shop/other-{step}"),
                OTHER_NODE,
            );
        }
        enrich.created_with(312, POD, created_with);
        Self {
            enrich,
            labels: None,
            identity: None,
        }
    }

    /// Announces the labels of the next change, or the same labels again if their identity is not
    /// announced yet.
    fn regenerate(&mut self) {
        let next = self.labels.map_or(0, |step| step + 1);
        let is_ahead = self.labels > self.identity;
        let step = if is_ahead || next == STEPS {
            self.labels.unwrap_or_default()
        } else {
            next
        };
        self.labels = Some(step);
        self.enrich.regenerated(312, &[&label(step)]);
    }

    /// Announces the identity of the next change, unless the labels of the last one are missing.
    fn upsert(&mut self, second_address: bool) {
        let next = self.identity.map_or(0, |step| step + 1);
        if self.identity > self.labels || next == STEPS {
            return;
        }
        self.identity = Some(next);
        self.enrich
            .upserted("10.0.1.5/32", identity(next), POD, NODE);
        if second_address {
            self.enrich
                .upserted("fd00::5/128", identity(next), POD, NODE);
        }
    }

    /// The last change of which both were announced.
    fn complete(&self) -> Option<u32> {
        self.labels.min(self.identity)
    }
}

proptest! {
    /// No identity ever has the labels of another one, and each has its own as soon as both are
    /// announced.
    #[test]
    fn an_identity_has_its_own_labels_or_none(
        announcements in proptest::collection::vec(any::<bool>(), 0..30),
        second_address in any::<bool>(),
        created_with in proptest::sample::subsequence(
            &["k8s:step=0", "k8s:step=1", "k8s:stage=0"][..],
            0..3,
        ),
    ) {
        let mut agent = Agent::new(&created_with);
        for is_regeneration in announcements {
            if is_regeneration { agent.regenerate() } else { agent.upsert(second_address) }
            for step in 0..STEPS {
                let own = if agent.complete() >= Some(step) { label(step) } else { String::new() };
                prop_assert_eq!(shown(&mut agent.enrich, step), expected(step, &own));
            }
        }
    }

    /// After any announcements, with some of them lost and the endpoint recreated, the labels of a
    /// pair that is unchanged for a minute are learned with the next regeneration.
    #[test]
    fn a_pair_that_does_not_change_is_learned(
        before in proptest::collection::vec((0..4_u8, 0..STEPS), 0..30),
        last in 0..STEPS,
    ) {
        let mut enrich = Agent::new(&[]).enrich;
        for (kind, step) in before {
            match kind {
                0 => enrich.regenerated(312, &[&label(step)]),
                1 => enrich.upserted("10.0.1.5/32", identity(step), POD, NODE),
                2 => enrich.created_with(312, POD, &[&label(step)]),
                _ => enrich.removed(312),
            }
        }
        enrich.created(312, POD);
        enrich.upserted("10.0.1.5/32", identity(last), POD, NODE);
        enrich.regenerated(312, &[&label(last)]);
        enrich.time = Timestamp(60_000_000_000);
        enrich.regenerated(312, &[&label(last)]);
        prop_assert_eq!(shown(&mut enrich, last), expected(last, &label(last)));
    }
}

#[test]
fn labels_of_a_lost_identity_are_not_kept_for_the_next_one() {
    let mut enrich = Agent::new(&[]).enrich;
    enrich.regenerated(312, &[&label(0)]);
    enrich.upserted("10.0.1.5/32", identity(1), POD, NODE);
    assert_eq!(
        shown(&mut enrich, 1),
        expected(1, &label(0)),
        "the mismatch cannot be detected yet"
    );
    enrich.regenerated(312, &[&label(1)]);
    enrich.time = Timestamp(59_000_000_000);
    enrich.regenerated(312, &[&label(1)]);
    assert_eq!(
        shown(&mut enrich, 1),
        expected(1, &label(0)),
        "the next identity may still be announced"
    );
    enrich.time = Timestamp(60_000_000_000);
    enrich.regenerated(312, &[&label(1)]);
    assert_eq!(shown(&mut enrich, 1), expected(1, &label(1)));
}
