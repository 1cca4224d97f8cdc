//! HTTP requests in distributed traces.

use super::Scenarios;
use super::http::Exchange;

impl Scenarios {
    /// Writes a request to a local pod, which sends another one before it answers. The pod passes the header `traceparent` on
    /// as it is, so the parent of both is the span that sent the first one. Proxies report both.
    pub(super) fn http_traced(&mut self, rng: &mut fastrand::Rng) {
        // Ids of zeros are not valid.
        let trace_id = rng.u128(..) | 1;
        let parent_id = rng.u64(..) | 1;
        let traceparent = Some(format!("00-{trace_id:032x}-{parent_id:016x}-01"));
        let mut received = Exchange::new(self, true, rng);
        let mut sent = Exchange::new(self, true, rng);
        sent.observation_point = "Egress";
        let is_v6 = received.forward.is_v6();
        sent.forward.from = received.forward.to.clone();
        sent.forward.to = self.cluster.pod(rng, is_v6);
        received.traceparent.clone_from(&traceparent);
        sent.traceparent = traceparent;
        for (exchange, is_response) in [
            (&received, false),
            (&sent, false),
            (&sent, true),
            (&received, true),
        ] {
            let record = exchange.record(self.timestamp(), is_response, "Forwarded");
            self.writer.access_log(&record);
        }
    }
}
