//! The pauses between requests for the policies of endpoints.

use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;

/// The pause after the first request, which doubles with each one that did not help.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// The largest number of endpoints whose pauses are kept.
const MAX_ENDPOINTS: usize = 4096;

/// The pauses between requests.
#[derive(Debug, Default)]
pub(super) struct PolicyRequests {
    endpoints: HashMap<u16, Pause>,
    rule_logs: Pause,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    /// When it began, with the last request.
    since: Option<Timestamp>,
    length: Duration,
}

impl Pause {
    /// Whether the pause is over. Begins the next one. After a change the first pause is enough.
    fn is_over(&mut self, now: Timestamp, changed: Option<Timestamp>) -> bool {
        let Some(since) = self.since.filter(|since| Some(*since) > changed) else {
            let is_over = self.since.is_none_or(|since| since + FIRST_PAUSE <= now);
            if is_over {
                self.since = Some(now);
                self.length = FIRST_PAUSE;
            }
            return is_over;
        };
        let is_over = since + self.length <= now;
        if is_over {
            self.since = Some(now);
            self.length = (self.length * 2).min(MAX_PAUSE);
        }
        is_over
    }
}

impl PolicyRequests {
    /// Notes that what is known of an endpoint is not out of date.
    pub(super) fn has_endpoint(&mut self, endpoint: u16) {
        self.endpoints.remove(&endpoint);
    }

    /// Whether to ask for log texts, which are out of date or not.
    pub(super) fn wants_rule_logs(&mut self, is_old: bool, now: Timestamp) -> bool {
        if !is_old {
            self.rule_logs = Pause::default();
        }
        is_old && self.rule_logs.is_over(now, None)
    }

    /// Whether to ask for an endpoint, which was last regenerated at this time.
    pub(super) fn wants_endpoint(
        &mut self,
        endpoint: u16,
        now: Timestamp,
        regenerated: Option<Timestamp>,
    ) -> bool {
        if self.endpoints.len() >= MAX_ENDPOINTS {
            self.endpoints.clear();
        }
        let pause = self.endpoints.entry(endpoint).or_default();
        pause.is_over(now, regenerated)
    }
}
