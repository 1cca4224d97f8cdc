//! Observes a recording or a monitor socket: runs the processors of the shipped configuration
//! between the source and standard output.

use std::collections::VecDeque;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use tidegate_filter::{Context, Matcher};
use tidegate_model::{Kinds, Timestamp};
use tidegate_receivers::{DirectReceiver, Tail, agent_api, connection, recording};
use tidegate_runtime::health::Health;
use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::limits::{Limits, WhenFull};
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ReceiverNode, RunError, RunningTopology, Topology,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage_id::StageId;
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::output::Output;
use super::selectors::Selection;
use super::shipped::Shipped;
use super::view::{Summary, View};
use crate::error::Error;
use crate::losses;
use crate::os::signals;
use crate::telemetry::TapLines;
use crate::verbs::common::closed_output::output_closed;
use crate::verbs::common::runtime;
use crate::verbs::common::tap_stream::print_shown;

/// How long a signal leaves for what is on its way to standard output.
const AFTER_SIGNAL: Duration = Duration::from_millis(300);
/// How long the stages may take to drain after the last record that is wanted.
const GRACE: Duration = Duration::from_secs(10);

/// Where records come from.
pub(super) enum LocalSource {
    /// A recording; `-` is standard input.
    File(PathBuf),
    /// A monitor socket.
    Socket {
        monitor: PathBuf,
        /// A connection to it.
        stream: UnixStream,
        /// The socket of the same agent's API, for names.
        api: Option<PathBuf>,
    },
}

/// What is printed, and how.
pub(super) struct Request {
    pub(super) kinds: Kinds,
    pub(super) matcher: Matcher,
    pub(super) selection: Selection,
    pub(super) lines: TapLines,
    /// Whether nothing but errors goes to standard error.
    pub(super) is_silent: bool,
}

/// Runs until the source ends, everything that is wanted is printed, or a signal.
pub(super) fn observe(source: LocalSource, request: Request) -> Result<(), Error> {
    let runtime = runtime::multi_thread()?;
    let result = runtime.block_on(run(source, request));
    // Does not wait for a thread that is blocked in a read or a write.
    runtime.shutdown_background();
    result
}

async fn run(source: LocalSource, request: Request) -> Result<(), Error> {
    let shutdown = Shutdown::new();
    let interrupt = Shutdown::new();
    signals::shutdown_on_signals(&interrupt)?;
    let is_silent = request.is_silent;
    let live_time = match source {
        LocalSource::Socket { .. } => request.selection.time_left(Timestamp::now()),
        LocalSource::File(_) => None,
    };
    let summary = Summary::default();
    let ledger = Ledger::default();
    let topology = topology(source, request, summary.clone(), &shutdown)?;
    let running = RunningTopology::start(topology, &Handle::current(), &ledger, shutdown.clone());
    tokio::spawn(end_early(shutdown, interrupt.clone(), live_time));
    let ended = tokio::select! {
        ended = running.ended() => ended,
        () = after(&interrupt) => Ok(()),
    };
    if let Some(failure) = summary.counts().failure.take() {
        return Err(Error::failed(format!(
            "cannot write to standard output: {failure}"
        )));
    }
    if !is_silent {
        report(&summary, &ledger);
    }
    match ended {
        Err(RunError::StageFailed { source, .. }) if !interrupt.is_requested() => {
            Err(Error::Failed(source))
        }
        Err(_) if interrupt.is_requested() => Ok(()),
        ended => Ok(ended?),
    }
}

/// Requests the shutdown at a signal, when the reader has closed standard output, or when the time
/// is over.
async fn end_early(shutdown: Shutdown, interrupt: Shutdown, time: Option<Duration>) {
    let time_is_over = async {
        match time {
            Some(time) => sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupt.requested() => {}
        () = output_closed() => {}
        () = time_is_over => {}
    }
    shutdown.request();
}

/// Completes some time after a signal.
async fn after(interrupt: &Shutdown) {
    interrupt.requested().await;
    sleep(AFTER_SIGNAL).await;
}

fn topology(
    source: LocalSource,
    request: Request,
    summary: Summary,
    shutdown: &Shutdown,
) -> Result<Topology, Error> {
    let shipped = Shipped::build()?;
    let follow = request.selection.follow;
    let tail = match &source {
        LocalSource::File(file) if follow && file.is_file() => Some(Tail::default()),
        _ => None,
    };
    let receivers = receivers(source, follow, tail.as_ref(), &shipped);
    let kinds = request.kinds;
    let view = View {
        matcher: request.matcher,
        context: Context::new(&shipped.node_name),
        selection: request.selection,
        output: Output::new(request.lines, &shipped.node_name),
        summary,
        shutdown: shutdown.clone(),
        tail,
        last: VecDeque::new(),
        is_done: false,
    };
    Ok(Topology {
        exporters: vec![exporter(view, kinds)],
        pipelines: vec![PipelineNode {
            name: shipped.pipeline,
            receivers: (0..receivers.len()).collect(),
            processors: shipped.processors,
            exporters: vec![0],
        }],
        receivers,
        grace: GRACE,
    })
}

/// The receiver of the source and, beside the monitor socket, that of names.
fn receivers(
    source: LocalSource,
    follow: bool,
    tail: Option<&Tail>,
    shipped: &Shipped,
) -> Vec<ReceiverNode> {
    let context = || shipped.context();
    let direct = match source {
        LocalSource::File(file) => vec![recording(&file, tail.cloned(), context())],
        LocalSource::Socket {
            monitor,
            stream,
            api,
        } => {
            let api = api.map(|socket| agent_api(&socket, context()));
            let monitor = connection(&monitor, stream, follow, context());
            api.into_iter().chain([monitor]).collect()
        }
    };
    let node = |direct: DirectReceiver| ReceiverNode {
        stage: direct.stage,
        fingerprint: String::new(),
        receiver: direct.receiver,
        requests: direct.requests,
    };
    direct.into_iter().map(node).collect()
}

fn exporter(view: View, kinds: Kinds) -> ExporterNode {
    ExporterNode {
        stage: StageId::exporter("observe"),
        fingerprint: String::new(),
        exclusive: Vec::new(),
        health: Health::default(),
        exporter: Box::new(view),
        wants: kinds,
        queue: Limits {
            when_full: WhenFull::Block,
            ..Limits::DEFAULT
        },
    }
}

/// Prints to standard error how many of the records that match were shown, if not all, and what was
/// lost.
fn report(summary: &Summary, ledger: &Ledger) {
    let progress = summary.counts().progress;
    if progress.hidden() > 0 {
        print_shown(progress);
    }
    if let Some(lost) = losses::lost_in_run(&ledger.report()) {
        // Standard error may be closed.
        let _ = writeln!(std::io::stderr(), "lost or unreadable events: {lost}");
    }
}
