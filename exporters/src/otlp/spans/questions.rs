//! DNS requests that have no response yet. Neither Cilium's proxy nor Hubble states the latency of a
//! lookup, so it is the difference of the times of receipt.

use std::collections::VecDeque;
use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashMap};
use tidegate_model::Timestamp;
use tidegate_model::flow::{Dns, Flow};

/// Requests that are remembered at most. The oldest is forgotten.
const CAPACITY: usize = 4096;

/// How long a response belongs to a request with the same name, types and ports. Resolvers give up
/// after some seconds.
const MAX_NANOS: u64 = 30_000_000_000;

/// The requests, by a hash of connection, name and types.
#[derive(Debug, Default)]
pub(super) struct Questions {
    hasher: DefaultHashBuilder,
    times: HashMap<u64, Timestamp>,
    /// In the order of their arrival; those with a response have no entry in `times` any more.
    order: VecDeque<(u64, Timestamp)>,
}

impl Questions {
    /// Adds a request. A repeated one keeps the time of the first.
    pub(super) fn add(&mut self, flow: &Flow, dns: &Dns) {
        let key = self.key(flow, dns);
        while self.order.len() >= CAPACITY {
            self.forget_oldest();
        }
        let oldest = flow.time.0.saturating_sub(MAX_NANOS);
        let time = self.times.entry(key).or_insert(flow.time);
        if time.0 < oldest {
            *time = flow.time;
        }
        if *time == flow.time {
            self.order.push_back((key, flow.time));
        }
    }

    /// Removes the request of a response, and returns the time since then in nanoseconds.
    pub(super) fn take(&mut self, flow: &Flow, dns: &Dns) -> Option<u64> {
        let asked = self.times.remove(&self.key(flow, dns))?;
        let nanos = flow.time.0.checked_sub(asked.0)?;
        (nanos <= MAX_NANOS).then_some(nanos)
    }

    fn forget_oldest(&mut self) {
        if let Some((key, time)) = self.order.pop_front()
            && self.times.get(&key) == Some(&time)
        {
            self.times.remove(&key);
        }
    }

    fn key(&self, flow: &Flow, dns: &Dns) -> u64 {
        let connection = flow.connection_randomness(0);
        let query = dns.query.to_ascii_lowercase();
        self.hasher.hash_one((connection, query, &dns.qtypes[..]))
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, MAX_NANOS, Questions};
    use tidegate_model::Timestamp;
    use tidegate_model::flow::{Dns, Flow};

    fn at(time: u64) -> Flow {
        Flow {
            time: Timestamp(time),
            ..Flow::default()
        }
    }

    fn question(query: &str) -> Dns {
        Dns {
            query: query.to_owned(),
            qtypes: vec![1].into(),
            ..Dns::default()
        }
    }

    #[test]
    fn a_response_has_the_time_since_its_first_request() {
        let mut questions = Questions::default();
        questions.add(&at(10), &question("a.example."));
        questions.add(&at(20), &question("a.example."));
        assert_eq!(questions.take(&at(50), &question("b.example.")), None);
        assert_eq!(questions.take(&at(50), &question("A.example.")), Some(40));
        assert_eq!(questions.take(&at(60), &question("a.example.")), None);
    }

    #[test]
    fn a_request_without_a_response_is_replaced_by_a_later_one() {
        let mut questions = Questions::default();
        questions.add(&at(10), &question("a."));
        questions.add(&at(11 + MAX_NANOS), &question("a."));
        let answer = at(12 + MAX_NANOS);
        assert_eq!(questions.take(&answer, &question("a.")), Some(1));
        questions.add(&at(10), &question("a."));
        let late = at(11 + MAX_NANOS);
        assert_eq!(questions.take(&late, &question("a.")), None);
    }

    #[test]
    fn the_oldest_of_too_many_requests_is_forgotten() {
        let mut questions = Questions::default();
        for n in 0..=CAPACITY {
            questions.add(&at(n as u64), &question(&n.to_string()));
        }
        assert!(questions.times.len() <= CAPACITY && questions.order.len() <= CAPACITY);
        let answer = at(CAPACITY as u64);
        assert_eq!(questions.take(&answer, &question("0")), None);
        assert!(questions.take(&answer, &question("1")).is_some());
    }
}
