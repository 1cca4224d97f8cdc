//! Completes names of stages and pipelines: those of the agent that the words so far name or, if it
//! does not answer at once, of the configuration.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::sync::mpsc::channel;
use std::time::Duration;

use clap_complete::engine::CompletionCandidate;

use crate::client::AgentArgs;
use crate::config::{Config, ConfigInput, Problems, Registry, process_environment};
use crate::verbs::common::runtime;

/// The time for an answer. A shell shows nothing meanwhile.
const TIMEOUT: Duration = Duration::from_millis(200);

/// The names of an agent or of a configuration.
#[derive(Debug, Default, PartialEq, Eq)]
struct Names {
    stages: BTreeSet<String>,
    pipelines: BTreeSet<String>,
}

/// The stages whose names begin with `current`, with or without their section.
pub(crate) fn stages(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let stages = names().stages;
    let full = stages.iter().filter(|name| name.starts_with(&*current));
    let mut found: Vec<_> = full.map(String::as_str).collect();
    if found.is_empty() {
        let ids = stages.iter().filter_map(|name| name.split_once('.'));
        found = ids
            .map(|(_, id)| id)
            .filter(|id| id.starts_with(&*current))
            .collect();
    }
    found.into_iter().map(CompletionCandidate::new).collect()
}

/// The pipelines whose names begin with `current`.
pub(crate) fn pipelines(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let pipelines = names().pipelines.into_iter();
    pipelines
        .filter(|name| name.starts_with(&*current))
        .map(CompletionCandidate::new)
        .collect()
}

/// The names. Connecting, resolving a name and reading a pipe can block, so a thread does it, which
/// is left behind when the time is over.
fn names() -> Names {
    let (sender, names) = channel();
    std::thread::spawn(move || {
        let words: Vec<_> = std::env::args_os().skip(1).collect();
        let found = of_agent(&words).or_else(|| of_configuration(&words));
        // Sending fails after the timeout.
        let _ = sender.send(found.unwrap_or_default());
    });
    names.recv_timeout(TIMEOUT).unwrap_or_default()
}

fn of_agent(words: &[OsString]) -> Option<Names> {
    let client = AgentArgs::from_words(words).client().ok()?;
    let runtime = runtime::current_thread().ok()?;
    let request = async { tokio::time::timeout(TIMEOUT / 2, client.ledger()).await };
    let page = runtime.block_on(request).ok()?.ok()?;
    // Resolving the name may still block.
    runtime.shutdown_background();
    let stages = page.report.stages;
    Some(Names {
        stages: stages.iter().map(|stage| stage.stage.to_string()).collect(),
        pipelines: stages
            .into_iter()
            .map(|stage| stage.pipeline.to_string())
            .collect(),
    })
}

/// The names in the configuration that the words name, or else in the usual one.
fn of_configuration(words: &[OsString]) -> Option<Names> {
    let named = AgentArgs::from_words(words).config;
    let input = ConfigInput::locate(named.as_deref()).ok()?;
    // Reading a stream would take it from the command that is being typed.
    input.file()?;
    let source = input.read().ok()?;
    let mut problems = Problems::default();
    let registry = &Registry::BUILT_IN;
    let config = Config::parse(&source, registry, &process_environment, &mut problems)?;
    let receivers = config.receivers.iter().map(|one| one.stage.to_string());
    let processors = config.processors.iter().map(|one| one.stage.to_string());
    let exporters = config.exporters.iter().map(|one| one.stage.to_string());
    Some(Names {
        stages: receivers.chain(processors).chain(exporters).collect(),
        pipelines: config
            .pipelines
            .iter()
            .map(|one| one.name.clone())
            .collect(),
    })
}
