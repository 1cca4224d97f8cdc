//! `/debug/tap`: records as they leave a stage, one line each, for as long as the client reads.
//!
//! Lines are made here, of copies that the stage leaves in a bounded place. A reader that does not
//! read is cut off; the stage has gone on meanwhile. What is not shown is counted, in lines of
//! their own.

mod filter;
mod lines;
mod metric;
mod request;
mod stage;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use tidegate_runtime::tap::{Sample, Watcher};
use tokio::sync::mpsc::{Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{interval, timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::{Agent, Shared};
use lines::Lines;
pub(crate) use lines::{Form, Progress};
use request::TapRequest;
pub(crate) use request::{DEFAULT_RATE, MAX_RATE};

/// Watchers at a time.
const WATCHERS: usize = 4;
/// Pieces of text that wait for the reader.
const PIECES: usize = 4;
/// Bytes of lines that are enough for a piece.
const PIECE: usize = 16 << 10;
/// How often the counts are sent.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long a reader may take for a piece.
const PATIENCE: Duration = Duration::from_secs(30);

/// Places for watchers.
#[derive(Clone, Debug)]
pub(super) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WATCHERS)))
    }
}

/// Why a tap request was refused.
type Refusal = (StatusCode, String);

/// The page.
pub(super) async fn tap(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
) -> Result<impl IntoResponse, Refusal> {
    let request = TapRequest::parse(uri.query().unwrap_or_default()).map_err(wrong)?;
    let form = request.form;
    let place = Arc::clone(&shared.places.0)
        .try_acquire_owned()
        .map_err(|_| {
            let text = format!(
                "{WATCHERS} watchers look at this agent already; try again when one has left\n"
            );
            (StatusCode::SERVICE_UNAVAILABLE, text)
        })?;
    let (out, pieces) = channel(PIECES);
    let stream = Stream::open(&shared.agent, request, out).map_err(wrong)?;
    tokio::spawn(stream.run(place));
    Ok((
        [(CONTENT_TYPE, form.content_type())],
        Body::from_stream(ReceiverStream::new(pieces)),
    ))
}

fn wrong(text: String) -> Refusal {
    (StatusCode::BAD_REQUEST, text + "\n")
}

/// What one reader gets.
struct Stream {
    watcher: Watcher,
    lines: Lines,
    /// Lines that are still to come, if they are to be so many.
    left: Option<u64>,
    shown: u64,
    out: Sender<Result<Bytes, Infallible>>,
    patience: Duration,
}

impl Stream {
    /// Watches the stage of a request; says what there is not.
    fn open(
        agent: &Agent,
        request: TapRequest,
        out: Sender<Result<Bytes, Infallible>>,
    ) -> Result<Self, String> {
        let TapRequest {
            stage,
            pipeline,
            filters,
            form,
            rate,
            count,
        } = request;
        let report = agent.ledger.report();
        let stage = stage::find(&stage, report.stages.iter().map(|row| row.stage.as_str()))?;
        let wanted = Box::new(move |record: &_, data: &_| {
            filters.iter().all(|filter| filter.matches(record, data))
        });
        let watcher = agent.ledger.tap(stage, pipeline.as_deref(), rate, wanted);
        let watcher = watcher.ok_or_else(|| {
            format!(
                "the pipeline `{}` has no `{stage}`",
                pipeline.unwrap_or_default()
            )
        })?;
        let lines = Lines::new(form, &agent.node_name);
        Ok(Self {
            watcher,
            lines,
            left: count,
            shown: 0,
            out,
            patience: PATIENCE,
        })
    }

    /// Runs until the client has as many lines as it asked for, or leaves.
    async fn run(mut self, _place: OwnedSemaphorePermit) {
        let mut heartbeat = interval(HEARTBEAT);
        while self.left != Some(0) {
            let mut text = String::new();
            tokio::select! {
                biased;
                () = self.out.closed() => return,
                // What is copied is about to be shown.
                _ = heartbeat.tick() => self.progress(self.watcher.seen().taken).push(&mut text),
                sample = self.watcher.next() => {
                    self.push(&mut text, &sample);
                    while text.len() < PIECE && self.left != Some(0) {
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
        self.lines.push(text, sample);
        self.shown += 1;
        self.left = self.left.map(|left| left.saturating_sub(1));
    }

    fn progress(&self, shown: u64) -> Progress {
        let seen = self.watcher.seen();
        Progress {
            shown,
            matched: seen.wanted,
            seen: seen.records,
        }
    }

    /// Whether the reader took it, or will.
    async fn send(&self, text: String) -> bool {
        matches!(
            timeout(self.patience, self.out.send(Ok(Bytes::from(text)))).await,
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
    use tidegate_runtime::telemetry::Telemetry;
    use tokio::sync::mpsc::channel;

    use super::{Agent, Places, Stream, TapRequest};

    #[tokio::test]
    async fn a_reader_that_does_not_read_is_cut_off() {
        let (ledger, telemetry, shutdown) =
            (Ledger::default(), Telemetry::default(), Shutdown::new());
        let _books = ledger.open("p", "processors.s");
        let agent = Agent {
            ledger,
            telemetry,
            shutdown,
            node_name: "default/n".to_owned(),
        };
        let (out, mut pieces) = channel(1);
        let stream = Stream::open(&agent, TapRequest::parse("stage=s").unwrap(), out).unwrap();
        let places = Places::default();
        let place = Arc::clone(&places.0).try_acquire_owned().unwrap();
        let free = places.0.available_permits();
        Stream {
            patience: Duration::from_millis(1),
            ..stream
        }
        .run(place)
        .await;
        assert_eq!(places.0.available_permits(), free + 1);
        assert!(pieces.recv().await.is_some() && pieces.recv().await.is_none());
    }
}
