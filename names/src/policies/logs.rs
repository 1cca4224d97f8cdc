//! The log texts of rules.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::flow::Policy;
use tidegate_model::names::RuleLog;

use crate::times::set_back;

/// The largest number of different labels of rules.
const MAX_LABELS: usize = 1 << 16;
/// The longest text, in bytes. Cilium allows 32 characters (`pkg/policy/api/rule.go`, v1.19.4).
const MAX_TEXT: usize = 256;

/// The log texts of rules, by the hash of their labels. `None` if rules with the same labels have
/// different texts, or one that Cilium does not allow.
type Texts = HashMap<u64, Option<Box<str>>>;

/// The log texts of all rules.
#[derive(Debug, Default)]
pub(super) struct RuleLogs {
    /// When the last complete list was requested.
    asked: Option<Timestamp>,
    texts: Texts,
    /// When the list that is being received was requested.
    next_asked: Timestamp,
    next: Texts,
    /// When the policy last changed.
    updated: Timestamp,
    state: RandomState,
}

impl RuleLogs {
    /// Notes that the policy has changed.
    pub(super) fn updated(&mut self, now: Timestamp) {
        self.updated = self.updated.max(now);
    }

    pub(super) fn set_back(&mut self, by: Duration) {
        let times = [&mut self.next_asked, &mut self.updated];
        set_back(times.into_iter().chain(&mut self.asked), by);
    }

    /// Removes what was listed before this time.
    pub(super) fn forget(&mut self, before: Timestamp) {
        if self.asked.is_some_and(|asked| asked <= before) {
            self.asked = None;
            self.texts = Texts::new();
        }
    }

    /// Adds a rule.
    pub(super) fn add(&mut self, rule: &RuleLog, asked: Timestamp) {
        if self.next_asked != asked {
            self.next_asked = asked;
            self.next.clear();
        }
        let hash = self.state.hash_one(&rule.labels);
        let has_room = self.next.len() < MAX_LABELS;
        match self.next.get_mut(&hash) {
            Some(known) if known.as_deref() != Some(&*rule.log) => *known = None,
            None if has_room => {
                let text = Some(rule.log.as_str()).filter(|text| text.len() <= MAX_TEXT);
                self.next.insert(hash, text.map(Box::from));
            }
            _ => {}
        }
    }

    /// Ends the list.
    pub(super) fn complete(&mut self, asked: Timestamp) {
        let is_of_list = self.next_asked == asked;
        self.texts = std::mem::take(&mut self.next);
        if !is_of_list {
            self.texts.clear();
        }
        self.texts.shrink_to_fit();
        self.asked = Some(asked);
    }

    /// Whether there are texts, which are older than the policy.
    pub(super) fn is_old(&self) -> bool {
        self.asked.is_some_and(|asked| asked <= self.updated)
    }

    /// The texts of several rules, as Hubble shows them (`policy.RuleMeta`, v1.19.4): sorted, and one
    /// empty text if they have none. `None` if they are unknown.
    pub(super) fn of(&self, policies: &[Policy]) -> Option<Vec<String>> {
        if self.asked.is_none_or(|asked| asked <= self.updated) {
            return None;
        }
        let mut texts = Vec::new();
        for policy in policies {
            let mut labels = policy.labels.clone();
            labels.sort_unstable();
            let text = self.texts.get(&self.state.hash_one(&labels))?.as_deref()?;
            if !text.is_empty() && !texts.iter().any(|known| known == text) {
                texts.push(text.to_owned());
            }
        }
        texts.sort_unstable();
        if texts.is_empty() {
            texts.push(String::new());
        }
        Some(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_cilium_does_not_allow_is_unknown() {
        let labels = vec!["k8s:a=b".to_owned()];
        let policy = Policy::of_labels(&labels, 1);
        for (len, is_known) in [(MAX_TEXT, true), (MAX_TEXT + 1, false)] {
            let mut logs = RuleLogs::default();
            let rule = RuleLog {
                labels: policy.labels.clone(),
                log: "x".repeat(len),
            };
            logs.add(&rule, Timestamp(1));
            logs.complete(Timestamp(1));
            let texts = logs.of(std::slice::from_ref(&policy));
            assert_eq!(texts, is_known.then(|| vec![rule.log]), "{len}");
        }
    }
}
