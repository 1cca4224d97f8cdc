//! Collects encoded log records, or spans, into requests. Records are encoded into the memory that they are
//! sent from.

use std::num::NonZeroU64;

use tidegate_runtime::config::{ByteSize, HumanDuration};
use tidegate_runtime::ledger::Ticket;
use tokio::time::Instant;

use super::envelope::Envelope;
use crate::otlp::delivery::RequestTickets;
use crate::otlp::sealing::{EncodedMessage, PREFIX_LEN};

/// Buffers that are kept for the next requests: a queue that was drained had many.
const MAX_SPARE: usize = 2;

/// Memory for the record that exceeds a full request. Few records are larger.
const OVERFLOW_LEN: usize = 16 << 10;

tidegate_runtime::config_table! {
    /// When log records are sent: as soon as one of these limits is reached.
    #[derive(Clone, Debug)]
    pub(crate) struct BatchConfig {
        /// The maximum number of log records in one request.
        pub(crate) max_records: NonZeroU64 = const { NonZeroU64::new(2048).expect("not zero") },
        /// The maximum size of one request before compression, at most 4MiB. Requests wait in the
        /// memory of `queue.requests`; two more are being filled and sealed, three with spans.
        pub(crate) max_bytes: ByteSize = ByteSize::new(1 << 20),
        /// How long a log record waits for others. "0s" sends at once what has arrived together.
        pub(crate) timeout: HumanDuration = HumanDuration::from_secs(1),
    }
}

/// Collects encoded records until a request is full or due.
#[derive(Debug)]
pub(crate) struct LogRequestBuilder {
    config: BatchConfig,
    envelope: Envelope,
    /// Bytes of a request's records at most.
    max_len: usize,
    /// Bytes of the records of a request with several, which is less if the backend accepts only
    /// smaller requests.
    max_common_len: usize,
    /// The size of requests that the backend accepts, as far as it is known.
    accepted_bytes: Option<usize>,
    /// Where the first record begins, after room for prefix and envelope.
    start: usize,
    /// The records, possibly followed by one that is not committed yet.
    bytes: Vec<u8>,
    /// Where the last committed record ends.
    end: usize,
    /// Number of committed records.
    count: u64,
    /// Number of committed records whose ticket is not attached yet.
    without_ticket: u64,
    tickets: RequestTickets,
    /// When the request is to be sent.
    due: Option<Instant>,
    /// Memory of delivered requests.
    spare: Vec<Vec<u8>>,
}

/// Where a written record belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// In the current request: commit it.
    Current,
    /// In the next request: take the current one, then commit it.
    Next,
    /// In no request. The record was removed.
    TooLarge,
}

/// A request ready to be sent.
#[derive(Debug)]
pub(crate) struct LogRequest {
    /// The encoded request.
    pub(crate) message: EncodedMessage,
    /// The tickets of its records.
    pub(crate) tickets: RequestTickets,
}

impl LogRequestBuilder {
    pub(crate) fn new(config: BatchConfig, envelope: Envelope) -> Self {
        let start = PREFIX_LEN + envelope.max_header_len();
        let max_len = envelope.max_records_len(config.max_bytes.get());
        Self {
            config,
            envelope,
            max_len,
            max_common_len: max_len,
            accepted_bytes: None,
            start,
            bytes: vec![0; start],
            end: start,
            count: 0,
            without_ticket: 0,
            tickets: RequestTickets::default(),
            due: None,
            spare: Vec::new(),
        }
    }

    /// Replaces the envelope of the requests that follow. There must be no committed record.
    pub(crate) fn set_envelope(&mut self, envelope: Envelope) {
        debug_assert_eq!(self.count, 0, "the records belong to the old envelope");
        self.start = PREFIX_LEN + envelope.max_header_len();
        self.max_len = envelope.max_records_len(self.config.max_bytes.get());
        self.bytes.clear();
        self.bytes.resize(self.start, 0);
        self.end = self.start;
        self.envelope = envelope;
        self.update_max_common_len();
    }

    /// Limits the requests to what the backend is known to accept, if it is known.
    pub(crate) fn limit_bytes(&mut self, accepted: Option<usize>) {
        if self.accepted_bytes != accepted {
            self.accepted_bytes = accepted;
            self.update_max_common_len();
        }
    }

    /// Appends a record with `encode`, and returns what the caller has to do with it.
    pub(crate) fn write(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Placement {
        self.limit_growth();
        encode(&mut self.bytes);
        if self.bytes.len() - self.end > self.max_len {
            self.bytes.truncate(self.end);
            self.bytes.shrink_to(self.max_capacity());
            Placement::TooLarge
        } else if self.is_full() || self.bytes.len() - self.start > self.max_common_len {
            Placement::Next
        } else {
            Placement::Current
        }
    }

    /// Adds the record that was written last to the request.
    pub(crate) fn commit(&mut self) {
        self.end = self.bytes.len();
        self.count += 1;
        self.without_ticket += 1;
        if self.is_full() {
            self.due = Some(Instant::now());
        } else if self.due.is_none() {
            self.due = Some(Instant::now() + self.config.timeout.0);
        }
    }

    /// Splits off from `ticket` the part for the records committed since the last call.
    pub(crate) fn attach_ticket(&mut self, ticket: &mut Ticket) {
        let n = std::mem::take(&mut self.without_ticket);
        if n > 0 {
            self.tickets.push(ticket.split(n));
        }
    }

    /// Returns when the request is to be sent: at once if it is full, never while it is empty.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes the committed records as a request; `None` if there are none. Every record must have
    /// its ticket attached.
    pub(crate) fn take(&mut self) -> Option<LogRequest> {
        debug_assert_eq!(
            self.without_ticket, 0,
            "a record without a ticket cannot be sent"
        );
        self.due = None;
        if self.count == 0 {
            return None;
        }
        let mut bytes = self.replace_buffer();
        self.count = 0;
        let header = self.envelope.header(bytes.len() - self.start);
        let start = self.start - header.len();
        bytes[start..self.start].copy_from_slice(&header);
        Some(LogRequest {
            message: EncodedMessage::new(bytes, start),
            tickets: std::mem::take(&mut self.tickets),
        })
    }

    /// Takes back the memory of a request, for the next ones. More than a few is freed, and so is
    /// memory that an exceptionally large record enlarged.
    pub(crate) fn recycle(&mut self, memory: Option<Vec<u8>>) {
        let max_capacity = self.max_capacity();
        let room = MAX_SPARE.saturating_sub(self.spare.len());
        let fits = |memory: &Vec<u8>| memory.capacity() <= max_capacity;
        self.spare
            .extend(memory.filter(fits).into_iter().take(room));
    }

    fn update_max_common_len(&mut self) {
        self.max_common_len = match self.accepted_bytes {
            Some(bytes) => self.max_len.min(self.envelope.max_records_len(bytes)),
            None => self.max_len,
        };
    }

    fn is_full(&self) -> bool {
        self.count == self.config.max_records.get()
    }

    /// Returns the bytes up to the end of the committed records. The uncommitted record moves to a
    /// new buffer.
    fn replace_buffer(&mut self) -> Vec<u8> {
        let uncommitted = &self.bytes[self.end..];
        if uncommitted.is_empty() && !self.is_full() {
            // Few records arrive, which need little memory.
            self.spare.clear();
        }
        // The next request is likely to be as large as this one.
        let mut next = self
            .spare
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(self.bytes.len()));
        next.clear();
        next.resize(self.start, 0);
        next.extend_from_slice(uncommitted);
        let mut bytes = std::mem::replace(&mut self.bytes, next);
        bytes.truncate(std::mem::replace(&mut self.end, self.start));
        bytes
    }

    /// Keeps the buffer from doubling beyond the capacity that a request needs.
    fn limit_growth(&mut self) {
        let len = self.bytes.len();
        let max_capacity = self.max_capacity();
        if self.bytes.capacity() < max_capacity && len > max_capacity / 2 {
            self.bytes.reserve_exact(max_capacity - len);
        }
    }

    /// Memory for a full request and the record that did not fit.
    fn max_capacity(&self) -> usize {
        self.start + self.max_len + OVERFLOW_LEN
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tidegate_runtime::component::BuildContext;
    use tidegate_runtime::stage_id::StageId;
    use tidegate_runtime::telemetry::Telemetry;

    use super::*;
    use crate::otlp::resource::ResourceAttributes;

    #[tokio::test(start_paused = true)]
    async fn a_request_is_due_after_the_timeout_of_its_first_record() {
        let config = BatchConfig {
            max_records: NonZeroU64::new(3).unwrap(),
            timeout: HumanDuration::from_secs(7),
            ..BatchConfig::default()
        };
        let context = BuildContext {
            stage: StageId::exporter("otlp"),
            node_name: String::new(),
            telemetry: Telemetry::default(),
            health: Default::default(),
            requests: Default::default(),
        };
        let resource = ResourceAttributes::new(&context, &Default::default());
        let envelope = Envelope::new(&resource);
        let mut builder = LogRequestBuilder::new(config, envelope);
        let mut add = || {
            assert_eq!(builder.write(|out| out.push(0)), Placement::Current);
            builder.commit();
            builder.due()
        };
        let start = Instant::now();
        let due = start + Duration::from_secs(7);
        assert_eq!(add(), Some(due));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(add(), Some(due));
        assert_eq!(add(), Some(start + Duration::from_secs(2)), "it is full");
    }
}
