//! Observes a running agent through a tap on the last processor of a pipeline.

use tidegate_model::{Kinds, Timestamp};
use tidegate_runtime::ledger::{Report, StageReport};
use tidegate_runtime::stage_id::Role;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::selectors::{Part, Selection};
use crate::client::Client;
use crate::error::Error;
use crate::telemetry::{FilterWord, MAX_RATE, TapLines};
use crate::verbs::common::closed_output::output_closed;
use crate::verbs::common::runtime;
use crate::verbs::common::tap_stream::{TapPrinter, TapQuery, usage_error};

/// What is printed, and how.
pub(super) struct Request<'a> {
    pub(super) pipeline: Option<&'a str>,
    pub(super) kinds: Kinds,
    pub(super) filters: &'a [FilterWord],
    pub(super) selection: Selection,
    pub(super) lines: TapLines,
    /// Whether nothing but errors goes to standard error.
    pub(super) is_silent: bool,
}

/// Prints what leaves the pipeline until the end of the request, of the agent, or a signal.
pub(super) fn observe(client: &Client, request: &Request<'_>) -> Result<(), Error> {
    runtime::current_thread()?.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let printer = TapPrinter::new(request.lines.format);
        let mut printer = match request.is_silent {
            true => printer.silent(),
            false => printer,
        };
        let ended = tokio::select! {
            ended = print(client, request, &mut printer) => ended,
            () = end(request.selection) => Ok(()),
            () = output_closed() => Ok(()),
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        };
        printer.finish(false)?;
        ended
    })
}

async fn print(
    client: &Client,
    request: &Request<'_>,
    printer: &mut TapPrinter,
) -> Result<(), Error> {
    if let Some(since) = request.selection.since {
        sleep(since.since(Timestamp::now())).await;
    }
    let report = client.ledger().await?.report;
    let stage = last_processor(&report, request.pipeline)?;
    let query = TapQuery {
        stage: stage.stage.as_str(),
        pipeline: Some(&stage.pipeline),
        kinds: request.kinds,
        filters: request.filters,
        lines: request.lines,
        rate: MAX_RATE,
        count: match request.selection.part {
            Part::First(count) => Some(count),
            Part::All | Part::Last(_) => None,
        },
    };
    let response = client.get(&query.page()).await.map_err(usage_error)?;
    printer.print(response).await
}

/// Completes at the end of the selected time.
async fn end(selection: Selection) {
    match selection.time_left(Timestamp::now()) {
        Some(left) => sleep(left).await,
        None => std::future::pending().await,
    }
}

/// The last processor of a pipeline: of the only one, if none is named.
fn last_processor<'r>(
    report: &'r Report<String>,
    pipeline: Option<&str>,
) -> Result<&'r StageReport<String>, Error> {
    let mut last: Vec<&StageReport<String>> = Vec::new();
    for stage in report
        .stages
        .iter()
        .filter(|stage| !stage.ended && stage.stage.role() == Role::Processor)
    {
        match last
            .iter_mut()
            .find(|other| other.pipeline == stage.pipeline)
        {
            Some(other) => *other = stage,
            None => last.push(stage),
        }
    }
    let names: Vec<_> = last.iter().map(|stage| &*stage.pipeline).collect();
    let names = names.join(", ");
    match (pipeline, &last[..]) {
        (_, []) => Err(Error::failed(
            "no pipeline of the agent has a processor, so that it has no flows; `tidegate tap STAGE` \
             shows its records",
        )),
        (None, [one]) => Ok(one),
        (None, _) => Err(Error::Usage(format!(
            "the agent has several pipelines, {names}: choose one with --pipeline NAME"
        ))),
        (Some(name), _) => last
            .iter()
            .find(|stage| stage.pipeline == name)
            .copied()
            .ok_or_else(|| {
                Error::Usage(format!(
                    "the agent has no pipeline `{name}` with a processor; it has {names}"
                ))
            }),
    }
}
