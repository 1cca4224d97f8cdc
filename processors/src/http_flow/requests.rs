//! Pairs responses with their requests by `X-Request-Id`, as Hubble's `seven` parser (v1.19.4) does
//! with two LRU caches of this size, one of times and one of traces; here it is one table. Ids and
//! traces are as long as clients make them, so their bytes are bounded, too: what Envoy makes takes
//! two thirds of it.

use jiff::SignedDuration;

use crate::bounded_map::{BoundedMap, Bounds};

const CAPACITY: usize = 10_000;
/// Bytes of all ids and traces at most.
const TEXTS: usize = 1 << 20;

/// Requests whose response has not been seen.
#[derive(Debug)]
pub(super) struct Exchanges {
    requests: BoundedMap<Id, Request>,
}

#[derive(Debug)]
struct Request {
    logged_at: SignedDuration,
    trace_id: Option<Box<str>>,
}

/// A request's id. Proxies make UUIDs, which need no memory of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Id {
    /// With zeros behind it, and its length.
    Short([u8; SHORT], u8),
    Long(Box<str>),
}

/// Bytes of a UUID as text.
const SHORT: usize = 36;

impl Id {
    fn of(text: &str) -> Self {
        let mut short = [0; SHORT];
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

impl Default for Exchanges {
    fn default() -> Self {
        Self {
            requests: BoundedMap::new(Bounds {
                entries: CAPACITY,
                heap: TEXTS,
            }),
        }
    }
}

impl Exchanges {
    /// Remembers a request that has an id. One that passes several proxies keeps the trace of any
    /// of them.
    pub(super) fn request(
        &mut self,
        id: Option<&str>,
        logged_at: SignedDuration,
        trace_id: Option<&str>,
    ) {
        let Some(text) = id else { return };
        let id = Id::of(text);
        let earlier = self
            .requests
            .remove(&id)
            .and_then(|request| request.trace_id);
        let trace_id: Option<Box<str>> = trace_id.map(Into::into).or(earlier);
        let texts = text.len() + trace_id.as_deref().map_or(0, str::len);
        while self.requests.make_room(texts).is_some() {}
        self.requests.insert(
            id,
            Request {
                logged_at,
                trace_id,
            },
            texts,
        );
    }

    /// Latency in nanoseconds and trace id for a response; 0 and none where the request is not
    /// known.
    pub(super) fn response(
        &mut self,
        id: Option<&str>,
        logged_at: SignedDuration,
    ) -> (u64, Option<String>) {
        let Some(request) = id.and_then(|id| self.requests.remove(&Id::of(id))) else {
            return (0, None);
        };
        // Go's durations end at 63 bits.
        let latency = (logged_at - request.logged_at)
            .as_nanos()
            .min(i64::MAX.into());
        (
            u64::try_from(latency).unwrap_or_default(),
            request.trace_id.map(String::from),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanosecond: i64) -> SignedDuration {
        SignedDuration::from_nanos(nanosecond)
    }

    #[test]
    fn a_response_takes_the_request_of_its_id() {
        for (request_id, response_id, response_at, expected) in [
            (Some("a"), Some("a"), 1_500, (500, Some("t".to_owned()))),
            (Some("a"), Some("a"), 900, (0, Some("t".to_owned()))),
            (Some("a"), Some("b"), 1_500, (0, None)),
            (None, None, 1_500, (0, None)),
        ] {
            let mut exchanges = Exchanges::default();
            exchanges.request(request_id, at(1_000), Some("t"));
            assert_eq!(exchanges.response(response_id, at(response_at)), expected);
            assert_eq!(
                exchanges.response(response_id, at(response_at)),
                (0, None),
                "taken once"
            );
        }
    }

    #[test]
    fn ids_are_told_apart_whatever_their_length() {
        let ids = [
            "",
            "a",
            "a\0",
            "a\0\0",
            &"b".repeat(SHORT),
            &"b".repeat(SHORT + 1),
            &"b".repeat(999),
        ];
        let mut exchanges = Exchanges::default();
        for (at_ns, id) in (1..).zip(ids) {
            exchanges.request(Some(id), at(at_ns), None);
        }
        for (at_ns, id) in (1..).zip(ids) {
            assert_eq!(
                exchanges.response(Some(id), at(100)).0,
                100 - at_ns,
                "{id:?}"
            );
        }
    }

    #[test]
    fn a_later_request_of_an_id_sets_the_time_and_keeps_the_trace() {
        for (later, expected) in [(None, "t"), (Some("u"), "u")] {
            let mut exchanges = Exchanges::default();
            exchanges.request(Some("a"), at(1_000), Some("t"));
            exchanges.request(Some("a"), at(1_400), later);
            assert_eq!(
                exchanges.response(Some("a"), at(1_500)),
                (100, Some(expected.to_owned()))
            );
        }
    }

    #[test]
    fn requests_with_long_ids_leave_room_for_few_others() {
        let mut exchanges = Exchanges::default();
        let long = "x".repeat(TEXTS / 2);
        for (id, trace_id) in [("first", None), (&*long, None), ("second", Some(&*long))] {
            exchanges.request(Some(id), at(1), trace_id);
        }
        let known = |id| exchanges.requests.contains(&Id::of(id));
        assert_eq!(["first", &*long, "second"].map(known), [false, false, true]);
    }

    #[test]
    fn a_request_is_remembered_until_ten_thousand_newer_ones_came() {
        for (newer, known) in [(CAPACITY - 1, true), (CAPACITY, false)] {
            let mut exchanges = Exchanges::default();
            exchanges.request(Some("first"), at(1), None);
            for id in 0..newer {
                exchanges.request(Some(&id.to_string()), at(2), None);
            }
            assert_eq!(exchanges.response(Some("first"), at(3)).0 > 0, known);
        }
    }
}
