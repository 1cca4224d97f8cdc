//! The processors of a pipeline in chains, one task each; and how the chains of a new configuration
//! follow the old ones. A pure function decides that.

use crate::limits::Limits;
use crate::stage_id::StageId;

/// A processor as far as a reload compares it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProcessorSpec {
    pub(super) stage: StageId,
    pub(super) fingerprint: String,
    /// Its inbox, if it begins a chain.
    pub(super) queue: Option<Limits>,
}

/// Consecutive processors.
pub(super) type Chain = Vec<ProcessorSpec>;

/// How a chain of the new configuration starts.
#[derive(Debug, PartialEq)]
pub(super) enum Origin {
    /// The old chain with this index is the same and keeps running.
    Same(usize),
    /// It is new. It starts when the old chains that share a stage with it have ended.
    New {
        /// The old chain whose inbox it takes over, with the queued records.
        inbox_of: Option<usize>,
        /// The old chains that share a stage with it.
        after: Vec<usize>,
    },
}

/// Splits a row of processors before every one that has an inbox. The first one always has one.
pub(super) fn cut(links: Vec<ProcessorSpec>) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    for mut link in links {
        match chains.last_mut() {
            Some(chain) if link.queue.is_none() => chain.push(link),
            _ => {
                link.queue = Some(link.queue.unwrap_or_default());
                chains.push(vec![link]);
            }
        }
    }
    chains
}

/// The origin of each new chain. `is_open` has the old chains whose inbox has not ended;
/// `is_leaving` returns whether a chain of a still older configuration, which has not ended, has
/// the stage.
pub(super) fn origin(
    old: &[Chain],
    is_open: &[bool],
    is_leaving: impl Fn(&StageId) -> bool,
    new: &[Chain],
) -> Vec<Origin> {
    let of = |chain: &Chain| {
        let continued = old
            .iter()
            .position(|other| continues(old, other, new, chain))
            .filter(|at| is_open[*at]);
        // Records of those may still arrive in the inbox, and have already passed the stage.
        let waits = chain.iter().any(|link| is_leaving(&link.stage));
        match continued {
            Some(at) if old[at] == *chain => Origin::Same(at),
            inbox_of => {
                let related = |other: &Chain| other.iter().any(|link| has(chain, &link.stage));
                let after = (0..old.len()).filter(|at| related(&old[*at])).collect();
                Origin::New {
                    inbox_of: inbox_of.filter(|_| !waits),
                    after,
                }
            }
        }
    };
    new.iter().map(of).collect()
}

/// Whether a new chain can take over the inbox of an old one: the inbox has the same stage and
/// limits, and no stage has moved from one side of it to the other, which a queued record would
/// otherwise pass twice or never.
fn continues(old: &[Chain], before: &Chain, new: &[Chain], after: &Chain) -> bool {
    let (Some(first), Some(new_first)) = (before.first(), after.first()) else {
        return false;
    };
    let in_front = |chains: &[Chain], of: &StageId, other: &[Chain]| -> Vec<StageId> {
        let names = chains
            .iter()
            .flatten()
            .map(|link| link.stage.clone())
            .take_while(|stage| stage != of);
        let mut names: Vec<_> = names
            .filter(|stage| other.iter().any(|chain| has(chain, stage)))
            .collect();
        names.sort();
        names
    };
    first.stage == new_first.stage
        && first.queue == new_first.queue
        && in_front(old, &first.stage, new) == in_front(new, &first.stage, old)
}

fn has(chain: &Chain, stage: &StageId) -> bool {
    chain.iter().any(|link| link.stage == *stage)
}

#[cfg(test)]
mod tests {
    use super::{Chain, Origin, ProcessorSpec, StageId, cut, origin};
    use crate::limits::Limits;

    /// Processors by letter; `|` in front gives one an inbox, a capital is a changed one.
    fn chains(text: &str) -> Vec<Chain> {
        let link = |word: &str| {
            let name = word.trim_start_matches('|');
            let queue = word.starts_with('|').then_some(Limits::DEFAULT);
            ProcessorSpec {
                stage: StageId::processor(&name.to_lowercase()),
                fingerprint: name.to_owned(),
                queue,
            }
        };
        cut(text.split_whitespace().map(link).collect())
    }

    fn new(inbox_of: Option<usize>, after: &[usize]) -> Origin {
        Origin::New {
            inbox_of,
            after: after.to_vec(),
        }
    }

    #[test]
    fn every_new_chain_has_an_origin() {
        let same = Origin::Same;
        let cases = [
            ("a b", "a b", vec![same(0)]),
            ("a b", "a B", vec![new(Some(0), &[0])]),
            ("a b", "b", vec![new(None, &[0])]),
            ("b", "a b", vec![new(None, &[0])]),
            ("a b", "c", vec![new(None, &[])]),
            ("a b", "b a", vec![new(None, &[0])]),
            ("a |b", "A |b", vec![new(Some(0), &[0]), same(1)]),
            ("a |b", "a c |b", vec![new(Some(0), &[0]), same(1)]),
            ("a |b", "a b", vec![new(Some(0), &[0, 1])]),
            ("a b", "a |b", vec![new(Some(0), &[0]), new(None, &[0])]),
            ("|a |b", "|b |a", vec![new(None, &[1]), new(None, &[0])]),
            ("a |b |c", "a |c", vec![same(0), same(2)]),
            ("a |b c", "a |c", vec![same(0), new(None, &[1])]),
        ];
        for (old, after, expected) in cases {
            let old = chains(old);
            assert_eq!(
                origin(&old, &vec![true; old.len()], |_| false, &chains(after)),
                expected,
                "{old:?} to {after}"
            );
        }
    }

    #[test]
    fn a_chain_whose_inbox_has_ended_is_started_again() {
        assert_eq!(
            origin(&chains("a"), &[false], |_| false, &chains("a")),
            [new(None, &[0])]
        );
    }

    #[test]
    fn a_chain_does_not_take_over_an_inbox_that_an_older_chain_may_still_fill() {
        let found = origin(
            &chains("|a |b"),
            &[true; 2],
            |stage| stage.id() == "c",
            &chains("|a |b c"),
        );
        assert_eq!(found, [Origin::Same(0), new(None, &[1])]);
    }
}
