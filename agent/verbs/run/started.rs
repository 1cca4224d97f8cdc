//! A running agent: its pipelines, its telemetry pages, and the tasks beside them.

use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::pipeline::{RunError, RunningTopology, Runtimes};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::spans;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::data_threads::DataThreads;
use super::reload::{self, AgentSettings, ReloadTarget, ReloadTriggers};
use crate::config::Assembly;
use crate::error::Error;
use crate::log::LogControl;
use crate::losses;
use crate::os::systemd;
use crate::telemetry::{Agent, OwnTelemetrySender, serve_pages};

/// An agent that has started.
pub(super) struct Started {
    pipelines: RunningTopology,
    /// Reloads, the watchdog and the log of losses.
    background: JoinHandle<()>,
    shutdown: Shutdown,
    _data_threads: DataThreads,
}

impl Started {
    /// Starts what was built; an error leaves nothing running.
    pub(super) async fn start(
        assembly: Assembly,
        ledger: &Ledger,
        shutdown: Shutdown,
        triggers: Option<ReloadTriggers>,
        own_telemetry: Option<OwnTelemetrySender>,
    ) -> Result<Self, Error> {
        let started = Self::start_all(assembly, ledger, shutdown, triggers, own_telemetry);
        spans::within(spans::start(), started).await
    }

    async fn start_all(
        assembly: Assembly,
        ledger: &Ledger,
        shutdown: Shutdown,
        triggers: Option<ReloadTriggers>,
        own_telemetry: Option<OwnTelemetrySender>,
    ) -> Result<Self, Error> {
        let settings = AgentSettings::of(&assembly);
        let Assembly {
            topology,
            telemetry,
            pages,
            node_name,
            ..
        } = assembly;
        let agent = Agent {
            ledger: ledger.clone(),
            telemetry: telemetry.clone(),
            shutdown: shutdown.clone(),
            node_name,
        };
        let server = serve_pages(&pages, agent).await?;
        let data_threads = DataThreads::start(topology.pipelines.len())?;
        let runtimes = Runtimes::new(Handle::current(), data_threads.handles());
        let pipelines = RunningTopology::start(topology, runtimes, ledger, shutdown.clone());
        if let Some(triggers) = &triggers {
            ledger.set_config_hash(&triggers.hash);
        }
        reload::log_admin_address(&server);
        tracing::info!(telemetry = %format_args!("http://{}", server.address()), "running");
        systemd::ready();
        let target = ReloadTarget {
            control: pipelines.control(),
            ledger: ledger.clone(),
            telemetry,
            server,
            own_telemetry,
            settings,
        };
        Ok(Self {
            pipelines,
            background: spawn_background(triggers, target, ledger.clone()),
            shutdown,
            _data_threads: data_threads,
        })
    }

    /// Waits until the pipelines have ended.
    pub(super) async fn ended(self) -> Result<(), RunError> {
        let ended = drained(self.pipelines, &self.shutdown).await;
        self.background.abort();
        // The error is the abort. Waiting drops what the task holds, such as the file of a socket.
        let _ = self.background.await;
        ended
    }
}

/// Waits for the pipelines, in a span from the request to shut down.
async fn drained(pipelines: RunningTopology, shutdown: &Shutdown) -> Result<(), RunError> {
    let ended = pipelines.ended();
    tokio::pin!(ended);
    tokio::select! {
        biased;
        // First, since stages may have nothing to drain and end at once.
        () = shutdown.requested() => {}
        ended = &mut ended => return ended,
    }
    spans::within(spans::drain(), ended).await
}

/// Sends the agent's own telemetry as configured. Only a run with a log has any.
pub(super) fn start_own_telemetry(
    assembly: &Assembly,
    ledger: &Ledger,
    log: Option<&LogControl>,
) -> Result<Option<OwnTelemetrySender>, Error> {
    let Some(log) = log else {
        return Ok(None);
    };
    let telemetry = assembly.telemetry.clone();
    let sender = OwnTelemetrySender::new(ledger.clone(), telemetry, log.own_layers());
    sender.change_to(assembly.own_telemetry.as_ref())?;
    Ok(Some(sender))
}

fn spawn_background(
    triggers: Option<ReloadTriggers>,
    target: ReloadTarget,
    ledger: Ledger,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        tokio::join!(
            reload::serve(triggers, target),
            systemd::watchdog(),
            losses::watch(ledger)
        );
    })
}
