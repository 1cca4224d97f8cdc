//! Requests that random stages send, and what receivers read of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use tidegate_runtime::requests::{
    MAX_WAITING, REQUESTS, Request, RequestKind, RequestReader, Requests, ResyncCause,
};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;

use super::shape::PARTS;

/// Numbers in requests of the stages of one pipeline, or of one receiver: more than can wait.
const NUMBERS: u32 = 80;

/// A stage's end, through which it sends random requests.
pub(super) struct RandomSender {
    requests: Requests,
    /// The first number of the stage's requests.
    first: u32,
}

impl RandomSender {
    /// The end of a processor of this pipeline.
    pub(super) fn of_pipeline(requests: Requests, pipeline: usize) -> Self {
        Self::new(requests, pipeline)
    }

    /// The end of a receiver.
    pub(super) fn of_receiver(requests: Requests, receiver: usize) -> Self {
        Self::new(requests, PARTS + receiver)
    }

    fn new(requests: Requests, sender: usize) -> Self {
        let first = u32::try_from(sender).unwrap() * NUMBERS;
        Self { requests, first }
    }

    /// Sends some requests, sometimes more than can wait.
    pub(super) fn send(&self, rng: &mut Rng) {
        if rng.u8(0..4) > 0 {
            return;
        }
        for _ in 0..rng.u32(0..NUMBERS) {
            let number = self.first + rng.u32(0..NUMBERS);
            self.requests.send(match rng.u8(0..10) {
                0 => Request::Resync(ResyncCause::UpstreamLost),
                1 => Request::StreamStarted(number),
                2 => Request::StreamEnded(number),
                3 => Request::CgroupsWanted,
                4 => Request::RuleLogsWanted,
                5 => Request::EndpointWanted(u16::try_from(number).unwrap()),
                _ => Request::IdentityWanted(number),
            });
        }
    }
}

/// What all instances of each receiver read.
#[derive(Clone, Default)]
pub(super) struct ReadRequests {
    telemetry: Telemetry,
    read: Arc<Mutex<HashMap<usize, Vec<Request>>>>,
}

/// The reading end of one receiver.
pub(super) struct CheckedReader {
    receiver: usize,
    reader: RequestReader,
    read: ReadRequests,
}

impl CheckedReader {
    /// Reads all that waits, which is at most so much of each kind, and nothing twice.
    pub(super) fn drain(&mut self) {
        let waiting: Vec<_> = std::iter::from_fn(|| self.reader.try_recv()).collect();
        let distinct: HashSet<_> = waiting.iter().collect();
        assert_eq!(distinct.len(), waiting.len(), "a request waited twice");
        for kind in RequestKind::ALL {
            let of_kind = waiting.iter().filter(|one| one.kind() == kind);
            assert!(of_kind.count() <= MAX_WAITING, "{kind:?}");
        }
        self.add(&waiting);
    }

    /// Waits for one. May be cancelled.
    pub(super) async fn wait(&mut self) {
        let request = self.reader.recv().await;
        self.add(&[request]);
    }

    fn add(&self, requests: &[Request]) {
        let mut read = self.read.read.lock().unwrap();
        read.entry(self.receiver).or_default().extend(requests);
    }
}

/// Requests by what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RequestTotals {
    pub(super) read: u64,
    pub(super) duplicate: u64,
    pub(super) dropped: u64,
}

impl ReadRequests {
    /// The ends of a new instance of a receiver. Some take only some kinds, and some do not read.
    pub(super) fn build(
        &self,
        receiver: usize,
        rng: &mut Rng,
    ) -> (Requests, Option<CheckedReader>) {
        let takes: &[_] = match rng.u8(0..4) {
            0 => &[],
            1 => &[RequestKind::StreamStarted, RequestKind::StreamEnded],
            _ => &RequestKind::ALL,
        };
        let stage = StageId::receiver(&format!("r{receiver}"));
        let requests = Requests::new(&stage, &RequestKind::ALL, takes, &self.telemetry);
        let reader = rng.bool().then(|| CheckedReader {
            receiver,
            reader: requests.reader(),
            read: self.clone(),
        });
        (requests, reader)
    }

    /// Checks at the end of a run that each request was read in a pipeline of its sender, and that
    /// the counters are those of the readers. `joined` has the receivers and pipelines that were
    /// connected at any time.
    pub(super) fn check(&self, joined: &HashSet<(usize, usize)>, run: &str) -> RequestTotals {
        let read = self.read.lock().unwrap();
        let have_met = |receiver: usize, number: u32| {
            let sender = usize::try_from(number / NUMBERS).unwrap();
            match sender.checked_sub(PARTS) {
                None => joined.contains(&(receiver, sender)),
                Some(other) => (0..PARTS).any(|pipeline| {
                    joined.contains(&(receiver, pipeline)) && joined.contains(&(other, pipeline))
                }),
            }
        };
        let mut totals = RequestTotals::default();
        for receiver in 0..PARTS {
            let requests = read.get(&receiver).map_or(&[][..], Vec::as_slice);
            for request in requests {
                let number = match *request {
                    Request::IdentityWanted(number)
                    | Request::StreamStarted(number)
                    | Request::StreamEnded(number) => number,
                    Request::EndpointWanted(number) => number.into(),
                    Request::CgroupsWanted | Request::RuleLogsWanted | Request::Resync(_) => {
                        continue;
                    }
                };
                assert!(
                    have_met(receiver, number),
                    "{run}: r{receiver}: {request:?}"
                );
            }
            let counted = |result| self.counted(receiver, result);
            assert_eq!(counted("read"), requests.len() as u64, "{run}: r{receiver}");
            totals.read += counted("read");
            totals.duplicate += counted("duplicate");
            totals.dropped += counted("dropped");
        }
        totals
    }

    fn counted(&self, receiver: usize, result: &str) -> u64 {
        let stage = format!("receivers.r{receiver}");
        let counts = self.telemetry.instruments().into_iter().filter(|one| {
            let has = |name: &str, value: &str| {
                one.labels
                    .iter()
                    .any(|label| label.0 == name && label.1 == value)
            };
            one.name == REQUESTS && has("stage", &stage) && has("result", result)
        });
        counts.map(|one| u64::try_from(one.value()).unwrap()).sum()
    }
}
