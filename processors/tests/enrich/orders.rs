//! Labels and identities of an endpoint in every order in which an agent can announce them, held to
//! a model that knows which belong together.

use proptest::prelude::*;
use tidegate_model::Timestamp;

use crate::support::{Enrich, NODE, OTHER_NODE};

const POD: &str = "shop/cart-0";
const STEPS: u32 = 5;

fn label(step: u32) -> String {
    format!("k8s:step={step}")
}

fn identity(step: u32) -> u32 {
    5000 + step
}

/// What a pod of another node shows that has the identity.
fn shown(enrich: &mut Enrich, step: u32) -> String {
    enrich.side(&format!("10.0.9.{step}"), 0)
}

fn expected(step: u32, labels: &str) -> String {
    format!("0/{} - shop/other-{step} [{labels}]", identity(step))
}

/// An agent that announces the labels and the identities of its endpoint's changes, each in order,
/// and neither of them more than one change ahead of the other.
struct Agent {
    enrich: Enrich,
    /// The changes that have been announced: `None` before the first.
    labels: Option<u32>,
    identity: Option<u32>,
}

impl Agent {
    fn new(created_with: &[&str]) -> Self {
        let mut enrich = Enrich::new("{}");
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

    /// Announces the labels of the next change, or once more those of the last where it is ahead
    /// already.
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

    /// Announces the identity of the next change, unless it is ahead already.
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

    fn settled(&self) -> Option<u32> {
        self.labels.min(self.identity)
    }
}

proptest! {
    /// No identity ever has labels of another, and each has its own as soon as both were announced.
    #[test]
    fn an_identity_has_its_own_labels_or_none(
        steps in proptest::collection::vec(any::<bool>(), 0..30),
        second_address in any::<bool>(),
        created_with in proptest::sample::subsequence(&["k8s:step=0", "k8s:step=1", "k8s:stage=0"][..], 0..3),
    ) {
        let mut agent = Agent::new(&created_with);
        for is_regeneration in steps {
            // A regeneration that comes with the identity ahead has the labels of that identity.
            if is_regeneration { agent.regenerate() } else { agent.upsert(second_address) }
            for step in 0..STEPS {
                let own = if agent.settled() >= Some(step) { label(step) } else { String::new() };
                prop_assert_eq!(shown(&mut agent.enrich, step), expected(step, &own));
            }
        }
    }

    /// Whatever came before, lost announcements and an endpoint made anew among them: once a pair
    /// has stayed for a minute, the next regeneration sets its identity right.
    #[test]
    fn what_stays_is_right_in_the_end(
        before in proptest::collection::vec((0..4_u8, 0..STEPS), 0..30),
        last in 0..STEPS,
    ) {
        let mut enrich = Agent::new(&[]).enrich;
        for (what, step) in before {
            match what {
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
fn an_identity_whose_announcement_was_skipped_does_not_leave_its_labels_to_the_next() {
    let mut enrich = Agent::new(&[]).enrich;
    enrich.regenerated(312, &[&label(0)]);
    enrich.upserted("10.0.1.5/32", identity(1), POD, NODE);
    assert_eq!(
        shown(&mut enrich, 1),
        expected(1, &label(0)),
        "nothing tells yet"
    );
    enrich.regenerated(312, &[&label(1)]);
    enrich.time = Timestamp(59_000_000_000);
    enrich.regenerated(312, &[&label(1)]);
    assert_eq!(
        shown(&mut enrich, 1),
        expected(1, &label(0)),
        "the next identity may be on its way"
    );
    enrich.time = Timestamp(60_000_000_000);
    enrich.regenerated(312, &[&label(1)]);
    assert_eq!(shown(&mut enrich, 1), expected(1, &label(1)));
}
