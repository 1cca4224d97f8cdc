//! Reloads the configuration: reads it as `validate` would, and has what runs become what it says.
//! A configuration that cannot be used changes nothing, and says why.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use tidegate_runtime::hold::Hold;
use tidegate_runtime::ledger::{Ledger, ReloadOutcome};
use tidegate_runtime::pipeline::{Change, Control, Stopping};
use tidegate_runtime::telemetry::Telemetry;
use tokio::signal::unix::Signal;
use tracing::Level;

use super::watch::Watch;
use crate::config::{
    Assembly, Directives, LogFormat, Source, TelemetrySettings, process_environment,
};
use crate::error::Error;
use crate::log;
use crate::log::LogControl;
use crate::os::systemd;
use crate::telemetry::{Server, ServerError};
use crate::verbs::common::config_file;

/// When to reload, and what.
pub(crate) struct Wishes {
    pub(super) path: PathBuf,
    /// Hash of the text that was read last, whether it could be used or not.
    pub(super) hash: String,
    pub(super) hang_ups: Signal,
    pub(super) watch: Option<Watch>,
    pub(super) log: Option<LogControl>,
}

/// What runs, as far as a reload changes it.
pub(super) struct Running {
    pub(super) control: Control,
    pub(super) ledger: Ledger,
    pub(super) telemetry: Telemetry,
    pub(super) server: Server,
    /// What is set for the agent as a whole.
    pub(super) settings: Settings,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    listens: Vec<SocketAddr>,
    log: Directives,
    log_format: LogFormat,
    grace: Duration,
    pages: TelemetrySettings,
}

impl Settings {
    pub(super) fn of(assembly: &Assembly) -> Self {
        Self {
            listens: assembly.listens.clone(),
            log: assembly.log.clone(),
            log_format: assembly.log_format,
            grace: assembly.topology.grace,
            pages: assembly.pages.clone(),
        }
    }
}

/// Grants wishes until it is dropped. Keeps up what serves beside the stages, too, if there are
/// none.
pub(super) async fn serve(wishes: Option<Wishes>, mut running: Running) {
    if let Some(mut wishes) = wishes {
        loop {
            wishes.next().await;
            systemd::reloading();
            let granted = wishes.reload(&mut running).await;
            systemd::ready();
            if granted == Err(Stopping) {
                break;
            }
        }
    }
    std::future::pending().await
}

impl Wishes {
    async fn next(&mut self) {
        let file = async {
            match &mut self.watch {
                Some(watch) => watch.changed(&self.hash).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.hang_ups.recv() => {}
            () = file => {}
        }
    }

    async fn reload(&mut self, running: &mut Running) -> Result<(), Stopping> {
        tracing::debug!(file = %self.path.display(), "reading the configuration again");
        let source = match config_file::read(&self.path) {
            Ok(source) => source,
            Err(error) => {
                running.refuse("", &error);
                return Ok(());
            }
        };
        self.hash = source.hash();
        match running.become_like(&source, self.log.as_ref()).await {
            Ok(change) => running.tell(&change?, &self.hash),
            Err(error) => running.refuse(&self.hash, &error),
        }
        Ok(())
    }
}

/// What a reload did.
struct Outcome {
    change: Change,
    /// Whether something about the agent as a whole is another.
    settings: bool,
}

impl Running {
    /// The outer error is a configuration that cannot be used.
    async fn become_like(
        &mut self,
        source: &Source,
        log: Option<&LogControl>,
    ) -> Result<Result<Outcome, Stopping>, Error> {
        let (_, assembly) =
            config_file::assemble(source, &process_environment, self.telemetry.clone(), |_| {})?;
        let settings = Settings::of(&assembly);
        tracing::debug!("the configuration is good; looking whether its addresses can be had");
        self.can_listen(&settings)?;
        self.serve_pages(&settings.pages).await?;
        if let Some(log) = log {
            log.set(&settings.log, settings.log_format);
        }
        let is_new = settings != self.settings;
        self.settings = settings;
        tracing::debug!("the agent's own settings hold; changing the pipelines");
        let change = self.control.reload(assembly.topology).await;
        Ok(change.map(|change| Outcome {
            change,
            settings: is_new,
        }))
    }

    /// Has the agent's own pages be where `pages` says; the admin listener's files are read again,
    /// whether that changes or not.
    async fn serve_pages(&mut self, pages: &TelemetrySettings) -> Result<(), ServerError> {
        let before = self.server.settings().clone();
        self.server.change_to(pages).await?;
        if pages.listen != before.listen {
            tracing::info!(telemetry = %format_args!("http://{}", self.server.address()), "telemetry has moved");
        }
        if pages.admin.as_ref().map(|admin| &admin.listen)
            != before.admin.as_ref().map(|admin| &admin.listen)
        {
            log_admin(&self.server);
        }
        Ok(())
    }

    /// Whether the addresses that are new can be had. What we hold ourselves is let go first.
    fn can_listen(&self, settings: &Settings) -> Result<(), CannotListen> {
        let pages = self.server.addresses();
        let ours: Vec<_> = self
            .settings
            .listens
            .iter()
            .chain(&pages)
            .map(|address| Hold::Address(*address))
            .collect();
        for address in settings.listens.iter().copied() {
            let hold = Hold::Address(address);
            if !ours.iter().any(|held| held.excludes(&hold)) {
                TcpListener::bind(address).map_err(|source| CannotListen { address, source })?;
            }
        }
        Ok(())
    }

    fn tell(&self, Outcome { change, settings }: &Outcome, hash: &str) {
        if change.is_empty() && !settings {
            self.ledger.reloaded(ReloadOutcome::Unchanged, hash);
            tracing::info!(
                hash,
                "the configuration was read again, and says what it said"
            );
            return;
        }
        self.ledger.reloaded(ReloadOutcome::Applied, hash);
        for stage in &change.kept {
            tracing::debug!(stage, "goes on as it is");
        }
        let (added, replaced, removed) = (
            list(&change.added),
            list(&change.replaced),
            list(&change.removed),
        );
        let (rewired, kept) = (list(&change.rewired), change.kept.len());
        tracing::info!(
            hash,
            kept,
            added,
            replaced,
            removed,
            rewired,
            "the configuration was reloaded"
        );
    }

    fn refuse(&self, hash: &str, error: &Error) {
        self.ledger.reloaded(ReloadOutcome::Refused, hash);
        log::print(Level::ERROR, &error.to_string());
        tracing::error!(
            hash,
            "the configuration cannot be used; what runs goes on as it was"
        );
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for an exporter (its `listen`)")]
struct CannotListen {
    address: SocketAddr,
    source: io::Error,
}

/// Tells where `/debug` is, if that is not where the metrics are.
pub(super) fn log_admin(server: &Server) {
    match server.admin_address() {
        Some(address) => tracing::info!(admin = %address, "serving /debug"),
        None if !server.settings().serves_debug() => {
            tracing::info!(
                "/debug is not served: `service.telemetry.listen` is no loopback address, and there is no `admin`"
            );
        }
        None => {}
    }
}

fn list(names: &BTreeSet<String>) -> String {
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    if names.is_empty() {
        "-".to_owned()
    } else {
        names.join(",")
    }
}
