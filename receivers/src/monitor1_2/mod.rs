//! Reads the Cilium agent's monitor socket, `monitor1_2.sock` (Cilium 1.12 to 1.20-dev).
//!
//! The agent drops messages for a slow client without reporting it, and the socket buffers only
//! some hundreds of messages. The reader therefore has its own thread and does not wait for the
//! pipelines: records that do not fit in its outbox are dropped, counted, and reported downstream
//! as lost.
//!
//! A missing socket is not an error: the receiver reconnects until it is stopped. With `on_eof =
//! "stop"` it ends after its first stream, and fails unless the agent ended the stream between two
//! frames.

mod backoff;
mod config;
mod connection;
mod control;
mod loss_report;
mod pacer;
mod reader;
mod status;

pub use config::{Config, OnEof, Reconnect};

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use async_trait::async_trait;
use serde::Deserialize;
use tidegate_model::record::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, Finding, Lint, Outcomes, Place, Reasons, ReceiverConfig, ReceiverKind,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::limits::WhenFull;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::requests::{RequestKind, Requests};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tokio::runtime::Handle;

use crate::frames;
use control::ReaderControl;
use reader::SocketReader;
use status::ConnectionStatus;

/// The kind.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "monitor1_2",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: REASONS,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

/// The drop reasons of streams and of the outbox.
const REASONS: &[Reasons] = &[
    frames::CUT,
    frames::BROKEN,
    frames::NOT_GOB,
    Outcomes::OF_OUTBOXES,
];

impl ReceiverConfig for Config {
    fn produces(&self) -> Kinds {
        Kinds::of(&[Kind::Frame, Kind::Lost])
    }

    /// The agent drops messages for a client that does not keep up, so the receiver waits only if
    /// the outbox is configured to block.
    fn can_wait(&self) -> bool {
        self.outbox().when_full == WhenFull::Block
    }

    fn sends_requests(&self) -> &'static [RequestKind] {
        &[RequestKind::StreamStarted, RequestKind::StreamEnded]
    }

    fn inspect(&self) -> Vec<Finding> {
        let outbox = self.outbox();
        let finding = |(key, label): (&'static str, String)| {
            let title = format!("`{key}` of the outbox is less than a batch");
            Finding::warning(Lint::QueueBelowBatch, Place::Key(key), title)
                .label(label)
                .note("a larger batch is accepted only when the queue is empty")
        };
        outbox.below_a_batch().map(finding).collect()
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Receiver>, BuildError> {
        self.check()?;
        Ok(Box::new(Monitor {
            config: self.clone(),
            stage: context.stage.clone(),
            telemetry: context.telemetry.clone(),
            requests: context.requests.clone(),
            stream: None,
        }))
    }
}

/// Builds a receiver whose first connection, to the socket at this path, is open.
pub(crate) fn connected(
    socket: &Path,
    stream: UnixStream,
    reconnects: bool,
    context: &BuildContext,
) -> Box<dyn Receiver> {
    let on_eof = if reconnects {
        OnEof::Reconnect
    } else {
        OnEof::Stop
    };
    Box::new(Monitor {
        config: Config {
            socket: socket.to_owned(),
            on_eof,
            ..Config::default()
        },
        stage: context.stage.clone(),
        telemetry: context.telemetry.clone(),
        requests: context.requests.clone(),
        stream: Some(stream),
    })
}

#[derive(Debug)]
struct Monitor {
    config: Config,
    stage: StageId,
    telemetry: Telemetry,
    requests: Requests,
    /// A connection that is open already.
    stream: Option<UnixStream>,
}

/// The thread that reads the socket panicked: a bug in tidegate.
#[derive(Debug, thiserror::Error)]
#[error("the thread that reads the socket panicked")]
struct ReaderPanicked;

#[async_trait]
impl Receiver for Monitor {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        let (buffer, pump) = out.buffered(self.config.outbox());
        let status = ConnectionStatus::new(&self.config.socket, &self.stage, &self.telemetry);
        let control = Arc::new(ReaderControl::default());
        let reader = SocketReader::new(
            &self.config,
            status,
            buffer,
            Arc::clone(&control),
            Handle::current(),
        )
        .with_requests(self.requests)
        .with_stream(self.stream);
        let thread = thread::Builder::new()
            .name("monitor1_2".to_owned())
            .spawn(move || reader.run())?;
        let stopper = ReaderStopper(control);
        tokio::select! {
            () = pump.run() => {}
            () = stopper.stop_when(&shutdown) => {}
        }
        // The pump ends when the reader drops its buffer, just before the thread ends.
        Ok(thread.join().map_err(|_| ReaderPanicked)??)
    }
}

/// Stops the reader when the stage is asked to stop, and when the stage is dropped.
struct ReaderStopper(Arc<ReaderControl>);

impl ReaderStopper {
    /// Never completes: the pump ends after the reader.
    async fn stop_when(&self, shutdown: &Shutdown) {
        shutdown.requested().await;
        self.0.stop();
        std::future::pending().await
    }
}

impl Drop for ReaderStopper {
    fn drop(&mut self) {
        self.0.stop();
    }
}
