//! Matches logged responses with their requests by `X-Request-Id`.
//!
//! Hubble's `seven` parser (v1.19.4) does this with two LRU caches of the same capacity, one for
//! times and one for traces; here it is one table. Clients choose the length of ids, so their
//! bytes are bounded, too: the ids that Envoy makes take a third of the bound.

use jiff::SignedDuration;
use tidegate_model::flow::TraceContext;

use crate::bounded_map::{BoundedMap, Bounds};

const CAPACITY: usize = 10_000;

/// The most bytes of ids.
const MAX_BYTES: usize = 1 << 20;

/// The logged requests without a logged response.
#[derive(Debug)]
pub(super) struct RequestTable(BoundedMap<RequestId, LoggedRequest>);

#[derive(Debug)]
struct LoggedRequest {
    logged_at: SignedDuration,
    trace_context: Option<TraceContext>,
}

/// A request id. The UUIDs of proxies need no allocation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum RequestId {
    /// The text, padded with zeros, and its length.
    Short([u8; UUID_LEN], u8),
    Long(Box<str>),
}

/// The length of a UUID as text.
const UUID_LEN: usize = 36;

impl RequestId {
    fn new(text: &str) -> Self {
        let mut short = [0; UUID_LEN];
        match short.get_mut(..text.len()) {
            Some(bytes) => {
                bytes.copy_from_slice(text.as_bytes());
                // No longer than the array.
                Self::Short(short, text.len() as u8)
            }
            None => Self::Long(text.into()),
        }
    }
}

impl Default for RequestTable {
    fn default() -> Self {
        Self(BoundedMap::new(Bounds {
            entries: CAPACITY,
            heap: MAX_BYTES,
        }))
    }
}

impl RequestTable {
    /// Adds a request, if it has an id. A request that passes several proxies keeps the trace that
    /// any of them reported.
    pub(super) fn add(
        &mut self,
        id: Option<&str>,
        logged_at: SignedDuration,
        trace_context: Option<TraceContext>,
    ) {
        let Some(text) = id else { return };
        let id = RequestId::new(text);
        let earlier = self.0.remove(&id).and_then(|request| request.trace_context);
        let bytes = text.len();
        while self.0.make_room(bytes).is_some() {}
        let request = LoggedRequest {
            logged_at,
            trace_context: trace_context.or(earlier),
        };
        self.0.insert(id, request, bytes);
    }

    /// Removes the request of a response, and returns the latency in nanoseconds and its trace
    /// context; 0 and `None` if the request is unknown.
    pub(super) fn take(
        &mut self,
        id: Option<&str>,
        logged_at: SignedDuration,
    ) -> (u64, Option<TraceContext>) {
        let Some(request) = id.and_then(|id| self.0.remove(&RequestId::new(id))) else {
            return (0, None);
        };
        // The largest duration in Go.
        let latency = (logged_at - request.logged_at)
            .as_nanos()
            .min(i64::MAX.into());
        (
            u64::try_from(latency).unwrap_or_default(),
            request.trace_context,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(byte: u8) -> TraceContext {
        TraceContext {
            trace_id: [byte; 16],
            parent_id: [byte; 8],
            flags: byte & 3,
        }
    }

    fn at(nanosecond: i64) -> SignedDuration {
        SignedDuration::from_nanos(nanosecond)
    }

    #[test]
    fn a_response_takes_the_request_with_its_id() {
        for (request_id, response_id, response_at, expected) in [
            (Some("a"), Some("a"), 1_500, (500, Some(context(1)))),
            (Some("a"), Some("a"), 900, (0, Some(context(1)))),
            (Some("a"), Some("b"), 1_500, (0, None)),
            (None, None, 1_500, (0, None)),
        ] {
            let mut requests = RequestTable::default();
            requests.add(request_id, at(1_000), Some(context(1)));
            assert_eq!(requests.take(response_id, at(response_at)), expected);
            let again = requests.take(response_id, at(response_at));
            assert_eq!(again, (0, None), "it was removed");
        }
    }

    #[test]
    fn ids_of_any_length_are_distinguished() {
        let ids = [
            "",
            "a",
            "a\0",
            "a\0\0",
            &"b".repeat(UUID_LEN),
            &"b".repeat(UUID_LEN + 1),
            &"b".repeat(999),
        ];
        let mut requests = RequestTable::default();
        for (nanosecond, id) in (1..).zip(ids) {
            requests.add(Some(id), at(nanosecond), None);
        }
        for (nanosecond, id) in (1..).zip(ids) {
            let (latency, _) = requests.take(Some(id), at(100));
            assert_eq!(latency, 100 - nanosecond, "{id:?}");
        }
    }

    #[test]
    fn a_later_request_with_the_same_id_sets_the_time_and_keeps_the_trace() {
        for (later, expected) in [(None, context(1)), (Some(context(2)), context(2))] {
            let mut requests = RequestTable::default();
            requests.add(Some("a"), at(1_000), Some(context(1)));
            requests.add(Some("a"), at(1_400), later);
            let response = requests.take(Some("a"), at(1_500));
            assert_eq!(response, (100, Some(expected)));
        }
    }

    #[test]
    fn long_ids_leave_room_for_fewer_requests() {
        let mut requests = RequestTable::default();
        let long = "x".repeat(MAX_BYTES / 2);
        let longer = "y".repeat(MAX_BYTES / 2 + 1);
        for id in ["first", &*long, &*longer] {
            requests.add(Some(id), at(1), None);
        }
        let contains = |id| requests.0.contains(&RequestId::new(id));
        assert_eq!(
            ["first", &*long, &*longer].map(contains),
            [false, false, true]
        );
    }

    #[test]
    fn the_oldest_of_ten_thousand_and_one_requests_is_evicted() {
        for (newer, is_known) in [(CAPACITY - 1, true), (CAPACITY, false)] {
            let mut requests = RequestTable::default();
            requests.add(Some("first"), at(1), None);
            for id in 0..newer {
                requests.add(Some(&id.to_string()), at(2), None);
            }
            assert_eq!(requests.take(Some("first"), at(3)).0 > 0, is_known);
        }
    }
}
