//! `/debug/tap`: the records that leave a stage, one per line, until the client disconnects.
//!
//! The stage copies records into a bounded queue; lines are formatted here. A slow client never
//! blocks the stage: records that it misses are counted, in lines of their own, and a client that
//! stops reading is disconnected.

mod line;
mod metric;
mod protocol;
mod request;
mod stage_name;
mod words;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use tidegate_filter::Context;
use tidegate_runtime::tap::{RecordFilter, Sample, Watcher};
use tokio::sync::mpsc::{Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{interval, timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::{Agent, PageState};
pub(crate) use line::LineFormatter;
pub(crate) use protocol::{TapFormat, TapLines, TapProgress};
use request::TapRequest;
pub(crate) use request::{DEFAULT_RATE, MAX_RATE};
pub(crate) use words::FilterWord;
use words::Wanted;

/// The largest number of taps at a time.
const MAX_WATCHERS: usize = 4;
/// Chunks of text that are queued for the client.
const QUEUED_CHUNKS: usize = 4;
/// Bytes of lines after which a chunk is sent.
const CHUNK_BYTES: usize = 16 << 10;
/// Time between two lines with the progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);
/// How long a client may take to read a chunk.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Limits the number of taps at a time.
#[derive(Clone, Debug)]
pub(super) struct WatcherSlots(Arc<Semaphore>);

impl Default for WatcherSlots {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_WATCHERS)))
    }
}

/// Why a tap request was refused.
type Refusal = (StatusCode, String);

/// Answers a request for the page.
pub(super) async fn tap(
    State(state): State<Arc<PageState>>,
    uri: Uri,
) -> Result<impl IntoResponse, Refusal> {
    let request = TapRequest::parse(uri.query().unwrap_or_default()).map_err(bad_request)?;
    let format = request.lines.format;
    let slot = Arc::clone(&state.watcher_slots.0)
        .try_acquire_owned()
        .map_err(|_| {
            let text = format!(
                "{MAX_WATCHERS} watchers look at this agent already; try again when one has left\n"
            );
            (StatusCode::SERVICE_UNAVAILABLE, text)
        })?;
    let (out, chunks) = channel(QUEUED_CHUNKS);
    let stream = LineStream::open(&state.agent, request, out).map_err(bad_request)?;
    tokio::spawn(stream.run(slot));
    Ok((
        [(CONTENT_TYPE, format.content_type())],
        Body::from_stream(ReceiverStream::new(chunks)),
    ))
}

fn bad_request(text: String) -> Refusal {
    (StatusCode::BAD_REQUEST, text + "\n")
}

/// Compiles filters, which then run on the stage's thread.
fn record_filter(wanted: &Wanted, node_name: &str) -> Result<RecordFilter, String> {
    let matcher = wanted
        .filters
        .compile()
        .map_err(|error| error.to_string())?;
    let context = Context::new(node_name);
    Ok(RecordFilter {
        kinds: wanted.kinds,
        matches: Box::new(move |record, bytes| matcher.matches(record, bytes, &context)),
    })
}

/// The lines for one client.
struct LineStream {
    watcher: Watcher,
    formatter: LineFormatter,
    /// Lines until the end, for a request with a `count`.
    left: Option<u64>,
    shown: u64,
    out: Sender<Result<Bytes, Infallible>>,
    send_timeout: Duration,
}

impl LineStream {
    /// Starts watching the stage of a request. The error is a message for the client.
    fn open(
        agent: &Agent,
        request: TapRequest,
        out: Sender<Result<Bytes, Infallible>>,
    ) -> Result<Self, String> {
        let TapRequest {
            stage,
            pipeline,
            wanted,
            lines,
            rate,
            count,
        } = request;
        let report = agent.ledger.report();
        let stage = stage_name::find(&stage, report.stages.iter().map(|row| &row.stage))?;
        let filter = record_filter(&wanted, &agent.node_name)?;
        let watcher = agent.ledger.tap(stage, pipeline.as_deref(), rate, filter);
        let watcher = watcher.ok_or_else(|| {
            format!(
                "the pipeline `{}` has no `{stage}`",
                pipeline.unwrap_or_default()
            )
        })?;
        let formatter = LineFormatter::new(lines, &agent.node_name);
        Ok(Self {
            watcher,
            formatter,
            left: count,
            shown: 0,
            out,
            send_timeout: SEND_TIMEOUT,
        })
    }

    /// Sends lines until the client has `count` of them, disconnects, or stops reading.
    async fn run(mut self, _slot: OwnedSemaphorePermit) {
        let mut progress_ticks = interval(PROGRESS_INTERVAL);
        while self.left != Some(0) {
            let mut text = String::new();
            tokio::select! {
                biased;
                () = self.out.closed() => return,
                // Samples that were taken and are still queued count as shown.
                _ = progress_ticks.tick() => {
                    self.progress(self.watcher.seen().taken).push(&mut text);
                }
                sample = self.watcher.next() => {
                    self.push(&mut text, &sample);
                    while text.len() < CHUNK_BYTES && self.left != Some(0) {
                        let Some(sample) = self.watcher.waiting() else { break };
                        self.push(&mut text, &sample);
                    }
                }
            }
            if !self.send(text).await {
                return;
            }
        }
        let mut text = String::new();
        self.progress(self.shown).push(&mut text);
        self.send(text).await;
    }

    fn push(&mut self, text: &mut String, sample: &Sample) {
        self.formatter.push(text, &sample.record, &sample.data);
        self.shown += 1;
        self.left = self.left.map(|left| left.saturating_sub(1));
    }

    fn progress(&self, shown: u64) -> TapProgress {
        let seen = self.watcher.seen();
        TapProgress {
            shown,
            matched: seen.wanted,
            seen: seen.records,
        }
    }

    /// Queues a chunk for the client; `false` if the client is gone or too slow.
    async fn send(&self, text: String) -> bool {
        matches!(
            timeout(self.send_timeout, self.out.send(Ok(Bytes::from(text)))).await,
            Ok(Ok(()))
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tidegate_runtime::ledger::Ledger;
    use tidegate_runtime::shutdown::Shutdown;
    use tidegate_runtime::stage_id::StageId;
    use tidegate_runtime::telemetry::Telemetry;
    use tokio::sync::mpsc::channel;

    use super::{Agent, LineStream, TapRequest, WatcherSlots};

    #[tokio::test]
    async fn a_client_that_stops_reading_is_disconnected() {
        let ledger = Ledger::default();
        let _stage = ledger.open("p", &StageId::processor("s"));
        let agent = Agent {
            ledger,
            telemetry: Telemetry::default(),
            shutdown: Shutdown::new(),
            node_name: "default/n".to_owned(),
        };
        let (out, mut chunks) = channel(1);
        let stream = LineStream::open(&agent, TapRequest::parse("stage=s").unwrap(), out).unwrap();
        let slots = WatcherSlots::default();
        let slot = Arc::clone(&slots.0).try_acquire_owned().unwrap();
        let free = slots.0.available_permits();
        LineStream {
            send_timeout: Duration::from_millis(1),
            ..stream
        }
        .run(slot)
        .await;
        assert_eq!(slots.0.available_permits(), free + 1);
        assert!(chunks.recv().await.is_some() && chunks.recv().await.is_none());
    }
}
