//! Which of several endpoints gets a request.
//!
//! An endpoint that cannot be reached, or cannot accept requests, is left out for a time that
//! doubles with each failure. If all are left out, the one whose time ends first is tried.

use std::time::Duration;

use tokio::time::Instant;

/// How long an endpoint is left out after its first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// How long an endpoint is left out at most, unless it asks for more.
const MAX_PAUSE: Duration = Duration::from_secs(300);

tidegate_runtime::config_choice! {
    /// Which of several endpoints gets a request.
    pub(crate) enum BalancerName = PickFirst {
        /// The first one in the list that accepts requests; the others are for its failure.
        PickFirst = "pick_first",
        /// One after the other, over a connection to each.
        RoundRobin = "round_robin",
    }
}

/// The state of the endpoints of a backend.
#[derive(Debug)]
pub(super) struct Balancer {
    name: BalancerName,
    endpoints: Vec<Availability>,
    /// The endpoint after the one of the last request.
    next: usize,
}

#[derive(Clone, Debug, Default)]
struct Availability {
    /// Failures since the last success.
    failures: u32,
    /// The end of the time in which it is left out.
    paused_until: Option<Instant>,
}

impl Balancer {
    pub(super) fn new(name: BalancerName, endpoints: usize) -> Self {
        Self {
            name,
            endpoints: vec![Availability::default(); endpoints],
            next: 0,
        }
    }

    /// Returns the endpoint for a request.
    pub(super) fn pick(&mut self, now: Instant) -> usize {
        let count = self.endpoints.len();
        let start = match self.name {
            BalancerName::PickFirst => 0,
            BalancerName::RoundRobin => self.next,
        };
        let mut order = (0..count).map(|offset| (start + offset) % count);
        let picked = order.find(|index| self.is_available(*index, now));
        let picked = picked.unwrap_or_else(|| {
            let ends = |index: &usize| self.endpoints[*index].paused_until;
            (0..count).min_by_key(ends).unwrap_or_default()
        });
        self.next = picked + 1;
        picked
    }

    /// Returns whether an endpoint is available.
    pub(super) fn has_available(&self, now: Instant) -> bool {
        (0..self.endpoints.len()).any(|index| self.is_available(index, now))
    }

    /// Returns whether an endpoint may get requests now: it is not left out, or all are.
    pub(super) fn is_in_use(&self, index: usize, now: Instant) -> bool {
        self.is_available(index, now) || !self.has_available(now)
    }

    /// Records that an endpoint accepts requests.
    pub(super) fn accepted(&mut self, index: usize) {
        self.endpoints[index] = Availability::default();
    }

    /// Leaves out an endpoint that cannot accept requests, for at least `min_pause`.
    pub(super) fn failed(&mut self, index: usize, min_pause: Duration, now: Instant) {
        let endpoint = &mut self.endpoints[index];
        let pause = FIRST_PAUSE * 2_u32.pow(endpoint.failures.min(8));
        let pause = pause.min(MAX_PAUSE).max(min_pause);
        endpoint.failures = endpoint.failures.saturating_add(1);
        endpoint.paused_until = now.checked_add(pause);
    }

    fn is_available(&self, index: usize, now: Instant) -> bool {
        self.endpoints[index]
            .paused_until
            .is_none_or(|end| end <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;

    #[test]
    fn the_first_available_endpoint_gets_every_request_until_it_fails() {
        let mut balancer = Balancer::new(BalancerName::PickFirst, 3);
        let start = Instant::now();
        assert_eq!([balancer.pick(start), balancer.pick(start)], [0, 0]);
        balancer.failed(0, NONE, start);
        assert_eq!([balancer.pick(start), balancer.pick(start)], [1, 1]);
        balancer.failed(1, NONE, start);
        assert_eq!(balancer.pick(start), 2);
        assert_eq!(balancer.pick(start + FIRST_PAUSE), 0);
        balancer.failed(0, NONE, start + FIRST_PAUSE);
        let later = start + FIRST_PAUSE * 2;
        assert_eq!(balancer.pick(later), 1, "the second pause is longer");
        balancer.accepted(0);
        assert_eq!(balancer.pick(later), 0);
    }

    #[test]
    fn requests_go_to_one_endpoint_after_the_other_except_those_that_fail() {
        let mut balancer = Balancer::new(BalancerName::RoundRobin, 3);
        let now = Instant::now();
        let picked = |balancer: &mut Balancer| [(); 4].map(|()| balancer.pick(now));
        assert_eq!(picked(&mut balancer), [0, 1, 2, 0]);
        balancer.failed(1, NONE, now);
        assert_eq!(picked(&mut balancer), [2, 0, 2, 0]);
    }

    #[test]
    fn if_all_endpoints_fail_the_one_whose_pause_ends_first_is_tried() {
        let mut balancer = Balancer::new(BalancerName::PickFirst, 2);
        let now = Instant::now();
        balancer.failed(0, Duration::from_secs(60), now);
        assert!(balancer.has_available(now));
        balancer.failed(1, NONE, now);
        assert!(!balancer.has_available(now));
        assert_eq!(balancer.pick(now), 1);
        assert!(balancer.has_available(now + FIRST_PAUSE));
    }

    #[test]
    fn a_pause_is_limited_unless_the_endpoint_asks_for_more() {
        let mut balancer = Balancer::new(BalancerName::PickFirst, 1);
        let now = Instant::now();
        for _ in 0..50 {
            balancer.failed(0, NONE, now);
        }
        assert!(!balancer.has_available(now + MAX_PAUSE - Duration::from_secs(1)));
        assert!(balancer.has_available(now + MAX_PAUSE));
        balancer.failed(0, MAX_PAUSE * 2, now);
        assert!(!balancer.has_available(now + MAX_PAUSE));
    }
}
