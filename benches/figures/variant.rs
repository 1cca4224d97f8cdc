//! A row of the table.

use std::path::PathBuf;
use std::sync::Arc;

use crate::peers::Task;
use crate::sink::Received;
use crate::socket::Reader;

/// One row of the table.
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) input: Input,
    /// The row that this one comes on top of.
    pub(crate) base: Option<&'static str>,
    /// What reaches a server that counts bytes.
    pub(crate) traffic: Option<Traffic>,
}

/// The measured program and its input.
pub(crate) enum Input {
    /// The agent with this configuration, which replays the recording.
    Agent(PathBuf),
    /// A reader of the monitor socket, and the frames written per second; 0 is without a limit.
    Socket(Reader, usize),
    /// Another program, which sends the agent's log records.
    Peer(Task),
    /// None, for this reason.
    Skipped(&'static str),
}

/// What reaches a server.
pub(crate) struct Traffic {
    pub(crate) received: Arc<Received>,
    pub(crate) unit: Unit,
}

/// What bytes are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Record,
    Span,
}

impl Traffic {
    pub(crate) fn records(received: &Arc<Received>) -> Self {
        Self {
            received: Arc::clone(received),
            unit: Unit::Record,
        }
    }

    pub(crate) fn spans(received: &Arc<Received>) -> Self {
        Self {
            unit: Unit::Span,
            ..Self::records(received)
        }
    }
}

impl Variant {
    pub(crate) fn skipped(name: &str, reason: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            input: Input::Skipped(reason),
            base: None,
            traffic: None,
        }
    }

    pub(crate) fn peer(name: String, task: Task) -> Self {
        Self {
            name,
            input: Input::Peer(task),
            base: None,
            traffic: None,
        }
    }

    pub(crate) fn with_traffic(self, traffic: Traffic) -> Self {
        Self {
            traffic: Some(traffic),
            ..self
        }
    }
}
