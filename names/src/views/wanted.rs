//! Identities whose labels flows show and the table does not have.

use std::collections::VecDeque;
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;

/// How long it takes until an identity is asked for again.
const RETRY: Duration = Duration::from_secs(60);
/// The largest number of identities that were asked for and are remembered.
const MAX_ASKED: usize = 1024;
/// The largest number of identities that wait to be asked for.
const MAX_WAITING: usize = 64;

/// The identities.
#[derive(Debug, Default)]
pub(super) struct WantedIdentities {
    asked: HashMap<u32, Timestamp>,
    waiting: VecDeque<u32>,
}

impl WantedIdentities {
    /// Notes that a flow shows an identity whose labels are not known.
    pub(super) fn want(&mut self, identity: u32, now: Timestamp) {
        if let Some(asked) = self.asked.get(&identity)
            && now.since(*asked) < RETRY
        {
            return;
        }
        if self.waiting.len() >= MAX_WAITING {
            return;
        }
        if self.asked.len() >= MAX_ASKED {
            self.asked.retain(|_, asked| now.since(*asked) < RETRY);
        }
        if self.asked.len() < MAX_ASKED {
            self.asked.insert(identity, now);
            self.waiting.push_back(identity);
        }
    }

    /// The next identity to ask for.
    pub(super) fn next(&mut self) -> Option<u32> {
        self.waiting.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_asked_for_once_in_a_minute() {
        let mut wanted = WantedIdentities::default();
        let second = |second: u64| Timestamp(second * 1_000_000_000);
        let mut asked = Vec::new();
        for (identity, at) in [
            (300, 1),
            (300, 2),
            (301, 2),
            (300, 60),
            (300, 61),
            (300, 62),
        ] {
            wanted.want(identity, second(at));
            asked.extend(wanted.next().map(|identity| (identity, at)));
        }
        assert_eq!(asked, [(300, 1), (301, 2), (300, 61)]);
        for identity in 0..10_000 {
            wanted.want(1000 + identity, second(70));
        }
        assert_eq!(std::iter::from_fn(|| wanted.next()).count(), MAX_WAITING);
        for identity in 0..10_000 {
            wanted.want(100_000 + identity, second(71));
            wanted.next();
        }
        assert_eq!(wanted.asked.len(), MAX_ASKED);
    }
}
