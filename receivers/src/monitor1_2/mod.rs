//! Reads the Cilium agent's monitor socket, `monitor1_2.sock` (Cilium 1.12 to 1.20-dev).
//!
//! The agent drops for a slow client without telling it, and the socket holds some hundreds of
//! messages. So the reader has a thread of its own and does not wait for the pipelines: what does
//! not fit in its outbox is dropped with a count, and reported downstream as lost. It connects for
//! ever: a socket that is not there yet, or not any more, is a state, not an error. With `on_eof =
//! "stop"` its first stream is its last: the receiver ends when the agent ends the stream between
//! two frames, and fails if the stream is broken in any other way.

mod backoff;
mod config;
mod connection;
mod line;
mod pace;
mod reader;
mod shortfall;
mod status;

pub use config::{Config, OnEof, Reconnect};

use std::sync::Arc;
use std::thread;

use async_trait::async_trait;
use serde::Deserialize;
use tidegate_model::record::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, Outcomes, Reasons, ReceiverConfig, ReceiverKind,
};
use tidegate_runtime::limits::WhenFull;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tidegate_runtime::telemetry::Telemetry;
use tokio::runtime::Handle;

use crate::frames;
use line::Line;
use reader::Reader;
use status::Status;

/// The kind.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "monitor1_2",
    about: "Reads the Cilium agent's monitor socket, and connects again whenever that ends",
    keys: config::KEYS,
    outcomes: Outcomes {
        dropped: REASONS,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

/// A stream's, and the outbox's.
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

    /// Cilium's agent drops for a client that does not keep up, unless the configuration says to
    /// leave it at that.
    fn can_wait(&self) -> bool {
        self.outbox().when_full == WhenFull::Block
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Receiver>, BuildError> {
        self.check()?;
        let (stage, telemetry) = (context.stage.clone(), context.telemetry.clone());
        Ok(Box::new(Monitor {
            config: self.clone(),
            stage,
            telemetry,
        }))
    }
}

#[derive(Debug)]
struct Monitor {
    config: Config,
    stage: String,
    telemetry: Telemetry,
}

/// The thread that reads the socket panicked: a fault of tidegate.
#[derive(Debug, thiserror::Error)]
#[error("the thread that reads the socket panicked")]
struct ReaderPanicked;

#[async_trait]
impl Receiver for Monitor {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        let (buffer, pump) = out.buffered(self.config.outbox());
        let status = Status::new(&self.config.socket, &self.stage, &self.telemetry);
        let line = Arc::new(Line::default());
        let reader = Reader::new(
            &self.config,
            status,
            buffer,
            Arc::clone(&line),
            Handle::current(),
        );
        let thread = thread::Builder::new()
            .name("monitor1_2".to_owned())
            .spawn(move || reader.run())?;
        let hang_up = HangUp(line);
        tokio::select! {
            () = pump.run() => {}
            () = hang_up.when(&shutdown) => {}
        }
        // The pump ends when the reader has let go of the buffer, which is the last thing that it
        // does.
        Ok(thread.join().map_err(|_| ReaderPanicked)??)
    }
}

/// Ends the reader when the stage is asked to stop, and when it is torn down.
struct HangUp(Arc<Line>);

impl HangUp {
    /// Never ends: the reader does, and with it the pump.
    async fn when(&self, shutdown: &Shutdown) {
        shutdown.requested().await;
        self.0.hang_up();
        std::future::pending().await
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        self.0.hang_up();
    }
}
