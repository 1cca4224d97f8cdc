//! Reloads the configuration: refreshes what runs, then reads the configuration as `validate` does
//! and changes what runs accordingly. A configuration that cannot be used changes nothing; the
//! reason is logged.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tidegate_runtime::exclusive::ExclusiveResource;
use tidegate_runtime::ledger::{Ledger, ReloadOutcome};
use tidegate_runtime::pipeline::{ReloadHandle, ShuttingDown, TopologyChange};
use tidegate_runtime::spans;
use tidegate_runtime::telemetry::Telemetry;
use tokio::signal::unix::Signal;
use tracing::{Instrument as _, Level, Span};

use super::file_watcher::FileWatcher;
use super::refresh::refresh;
use crate::config::{
    Assembly, ConfigInput, Directives, LogFormat, OwnTelemetry, Source, TelemetrySettings,
    process_environment,
};
use crate::error::Error;
use crate::log::{self, LogControl};
use crate::os::systemd;
use crate::telemetry::{OwnTelemetrySender, Server, ServerError};
use crate::verbs::common::config_file::{self, FileCheck, WarningPolicy};

/// What triggers a reload: SIGHUP or a changed file.
pub(crate) struct ReloadTriggers {
    pub(super) input: ConfigInput,
    /// The configuration that was last read, for an input that can be read only once.
    pub(super) source: Source,
    /// Hash of the configuration that was last read, valid or not.
    pub(super) hash: String,
    pub(super) hang_ups: Signal,
    pub(super) watcher: Option<FileWatcher>,
    pub(super) log: Option<LogControl>,
}

/// The parts of a running agent that a reload changes.
pub(super) struct ReloadTarget {
    pub(super) control: ReloadHandle,
    pub(super) ledger: Ledger,
    pub(super) telemetry: Telemetry,
    pub(super) server: Server,
    pub(super) own_telemetry: Option<OwnTelemetrySender>,
    pub(super) settings: AgentSettings,
}

/// The settings of the agent as a whole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AgentSettings {
    /// Addresses that exporters listen on.
    listens: Vec<SocketAddr>,
    log: Directives,
    log_format: LogFormat,
    grace: Duration,
    pages: TelemetrySettings,
    own_telemetry: Option<OwnTelemetry>,
}

/// What a reload changed.
struct Applied {
    pipelines: TopologyChange,
    /// Whether [`AgentSettings`] changed.
    settings: bool,
}

/// Why a reload was not applied.
enum ReloadError {
    /// The configuration cannot be used.
    Refused(Error),
    /// The agent is shutting down.
    ShuttingDown(ShuttingDown),
}

impl<E: Into<Error>> From<E> for ReloadError {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl AgentSettings {
    pub(super) fn of(assembly: &Assembly) -> Self {
        Self {
            listens: assembly.listens.clone(),
            log: assembly.log.clone(),
            log_format: assembly.log_format,
            grace: assembly.topology.grace,
            pages: assembly.pages.clone(),
            own_telemetry: assembly.own_telemetry.clone(),
        }
    }
}

/// Reloads at each trigger, and keeps the telemetry pages up, until this future is dropped.
pub(super) async fn serve(triggers: Option<ReloadTriggers>, mut target: ReloadTarget) {
    if let Some(mut triggers) = triggers {
        loop {
            triggers.next().await;
            systemd::reloading();
            let span = spans::reload();
            let refreshed = refresh(&target.control, &target.server, &target.telemetry);
            let refreshed = refreshed.instrument(span.clone()).await;
            let reloaded = triggers.reload(&mut target).instrument(span.clone()).await;
            drop(span);
            systemd::ready();
            if refreshed.and(reloaded) == Err(ShuttingDown) {
                break;
            }
        }
    }
    std::future::pending().await
}

impl ReloadTriggers {
    async fn next(&mut self) {
        let file_changed = async {
            match &mut self.watcher {
                Some(watcher) => watcher.changed(&self.hash).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.hang_ups.recv() => {}
            () = file_changed => {}
        }
    }

    /// Reads the configuration. One that came from a stream is what it was at the start, so a reload
    /// only has the components read their own files again.
    fn read(&self) -> Result<Source, Error> {
        if let Some(file) = self.input.file() {
            tracing::debug!(file = %file.display(), "reading the configuration");
            return config_file::read(&self.input);
        }
        tracing::info!(
            configuration = self.source.name,
            "the configuration cannot be read a second time, since it is not a file; its text stays"
        );
        Ok(self.source.clone())
    }

    /// Reads the configuration, applies it, and logs the result.
    async fn reload(&mut self, target: &mut ReloadTarget) -> Result<(), ShuttingDown> {
        let source = match self.read() {
            Ok(source) => source,
            Err(error) => {
                target.report_refusal("", &error);
                return Ok(());
            }
        };
        self.hash = source.hash();
        match target.apply(&source, self.log.as_ref()).await {
            Ok(applied) => target.report_change(&self.hash, &applied),
            Err(ReloadError::Refused(error)) => target.report_refusal(&self.hash, &error),
            Err(ReloadError::ShuttingDown(stopping)) => return Err(stopping),
        }
        Ok(())
    }
}

impl ReloadTarget {
    async fn apply(
        &mut self,
        source: &Source,
        log: Option<&LogControl>,
    ) -> Result<Applied, ReloadError> {
        let (_, assembly) = config_file::assemble(
            source,
            &process_environment,
            self.telemetry.clone(),
            FileCheck::Read,
            &WarningPolicy::default(),
            |_| {},
        )?;
        let settings = AgentSettings::of(&assembly);
        tracing::debug!("the configuration is valid; checking its addresses");
        self.check_addresses(&settings)?;
        self.serve_pages(&settings.pages).await?;
        if let Some(sender) = &self.own_telemetry {
            sender.change_to(settings.own_telemetry.as_ref())?;
        }
        if let Some(log) = log {
            log.set(&settings.log, settings.log_format);
        }
        let settings_changed = settings != self.settings;
        self.settings = settings;
        tracing::debug!("the agent's own settings are applied; changing the pipelines");
        let pipelines = self.control.reload(assembly.topology).await;
        Ok(Applied {
            pipelines: pipelines.map_err(ReloadError::ShuttingDown)?,
            settings: settings_changed,
        })
    }

    /// Serves the telemetry pages as `pages` says. The files of the admin listener are read again
    /// even if nothing changes.
    async fn serve_pages(&mut self, pages: &TelemetrySettings) -> Result<(), ServerError> {
        let before = self.server.settings().clone();
        self.server.change_to(pages).await?;
        if pages.listen != before.listen {
            let address = self.server.address();
            tracing::info!(telemetry = %format_args!("http://{address}"), "telemetry has moved");
        }
        if pages.admin.as_ref().map(|admin| &admin.listen)
            != before.admin.as_ref().map(|admin| &admin.listen)
        {
            log_admin_address(&self.server);
        }
        Ok(())
    }

    /// Checks that new addresses can be bound, except where the agent itself holds them now.
    fn check_addresses(&self, settings: &AgentSettings) -> Result<(), CannotListen> {
        let pages = self.server.addresses();
        let held: Vec<_> = self
            .settings
            .listens
            .iter()
            .chain(&pages)
            .map(|address| ExclusiveResource::Address(*address))
            .collect();
        for address in settings.listens.iter().copied() {
            let hold = ExclusiveResource::Address(address);
            if !held.iter().any(|held| held.conflicts_with(&hold)) {
                TcpListener::bind(address).map_err(|source| CannotListen { address, source })?;
            }
        }
        Ok(())
    }

    fn report_change(&self, hash: &str, applied: &Applied) {
        let change = &applied.pipelines;
        if change.is_empty() && !applied.settings {
            self.count(ReloadOutcome::Unchanged, hash);
            tracing::info!(hash, "the configuration was read again; nothing changed");
            return;
        }
        self.count(ReloadOutcome::Applied, hash);
        for stage in &change.kept {
            tracing::debug!(
                stage = stage.as_str(),
                "the stage is unchanged and keeps running"
            );
        }
        tracing::info!(
            hash,
            kept = change.kept.len(),
            added = list(&change.added),
            replaced = list(&change.replaced),
            removed = list(&change.removed),
            rewired = list(&change.rewired),
            "the configuration was reloaded"
        );
    }

    fn count(&self, outcome: ReloadOutcome, hash: &str) {
        self.ledger.count_reload(outcome, hash);
        let span = Span::current();
        span.record("outcome", outcome.as_str());
        span.record("hash", hash);
    }

    fn report_refusal(&self, hash: &str, error: &Error) {
        self.count(ReloadOutcome::Refused, hash);
        spans::fail(&Span::current(), error);
        log::print(Level::ERROR, &error.to_string());
        tracing::error!(
            hash,
            "the configuration cannot be used; the running one stays in effect"
        );
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for an exporter (its `listen`)")]
struct CannotListen {
    address: SocketAddr,
    source: io::Error,
}

/// Logs where `/debug` is served, unless that is with the metrics.
pub(super) fn log_admin_address(server: &Server) {
    match server.admin_address() {
        Some(address) => tracing::info!(admin = %address, "serving /debug"),
        None if !server.settings().serves_debug() => {
            tracing::info!(
                "/debug is not served: `service.telemetry.listen` is not a loopback address, and \
                 there is no `admin`"
            );
        }
        None => {}
    }
}

/// The names, or `-` if there are none.
fn list<T: AsRef<str>>(names: &BTreeSet<T>) -> String {
    if names.is_empty() {
        return "-".to_owned();
    }
    let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
    names.join(",")
}
