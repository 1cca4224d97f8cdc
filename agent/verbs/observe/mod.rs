//! `tidegate observe`: prints flows as `hubble observe` does, of a recording, of the monitor socket,
//! or of a running agent, without a configuration.
//!
//! [`source`] chooses where records come from. A recording and a socket go through the processors of
//! the shipped configuration ([`local`]), whose end is the [`view`]; an agent is asked for a tap
//! ([`remote`]).

mod formatting;
mod local;
mod output;
mod raw_filters;
mod remote;
mod selectors;
mod shipped;
mod source;
mod time;
mod view;

use std::io::{self, Write as _};

use tidegate_model::{Kind, Kinds, Timestamp};

use super::common::filters::FilterArgs;
use crate::error::Error;
use crate::log;
use crate::telemetry::{TapFormat, TapLines};
use formatting::{FlowFormattingArgs, FormattingArgs};
use selectors::{Selection, SelectorArgs};
use source::{Source, SourceArgs};

const EXAMPLES: &str = "\
A flow has to match one value of each filter flag that is given, and none of the flags after --not.

Examples:
  tidegate observe --input-file node.rec --verdict DROPPED --last 20
  tidegate observe --socket --protocol dns -o json | jq .flow.l7.dns
  tidegate observe --pod kube-system/ --not --port 53 --first 100 -o table";

/// Print flows of a recording, of the monitor socket, or of a running agent
///
/// Reads the source that is named. Without one, it is the tidegate that answers at the default
/// address or, if none does, the Cilium agent's monitor socket. Flags and formats are those of
/// `hubble observe`. A recording is printed from its beginning to its end; a socket and an agent have
/// no flows of the past, and are watched until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(flatten)]
    flows: FlowArgs,
    #[command(subcommand)]
    of: Option<Subcommand>,
}

/// What is printed.
#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Print flows; the default
    #[command(after_help = EXAMPLES)]
    Flows(Box<FlowArgs>),
    /// Print events of the Cilium agent, such as changed policies and endpoints
    AgentEvents(Box<EventArgs>),
    /// Print debug messages of Cilium's datapath, which an agent in debug mode sends
    DebugEvents(Box<EventArgs>),
}

/// The arguments for flows, in the order in which Hubble lists them.
#[derive(Clone, Debug, clap::Args)]
struct FlowArgs {
    #[command(flatten)]
    selectors: SelectorArgs,
    #[command(flatten)]
    filters: FilterArgs,
    /// Print the filters of the arguments as YAML and JSON, and exit
    #[arg(long, help_heading = "Combining filters")]
    print_raw_filters: bool,
    #[command(flatten)]
    flow_formatting: FlowFormattingArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// The arguments for other records.
#[derive(Clone, Debug, clap::Args)]
struct EventArgs {
    #[command(flatten)]
    selectors: SelectorArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// The arguments for all records.
#[derive(Clone, Debug, clap::Args)]
struct CommonArgs {
    #[command(flatten)]
    formatting: FormattingArgs,
    #[command(flatten)]
    source: SourceArgs,
}

/// What is asked for.
struct Request<'a> {
    kinds: Kinds,
    selectors: &'a SelectorArgs,
    filters: &'a FilterArgs,
    flow_formatting: &'a FlowFormattingArgs,
    common: &'a CommonArgs,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    match &args.of {
        None => observe_flows(&args.flows),
        Some(Subcommand::Flows(args)) => observe_flows(args),
        Some(Subcommand::AgentEvents(args)) => observe_events(args, Kind::AgentEvent),
        Some(Subcommand::DebugEvents(args)) => observe_events(args, Kind::DebugEvent),
    }
}

impl FlowArgs {
    fn request(&self) -> Request<'_> {
        Request {
            kinds: Kinds::of(&[Kind::Flow, Kind::Lost]),
            selectors: &self.selectors,
            filters: &self.filters,
            flow_formatting: &self.flow_formatting,
            common: &self.common,
        }
    }
}

fn observe_flows(args: &FlowArgs) -> Result<(), Error> {
    if args.print_raw_filters {
        let filters = raw_filters::yaml(&args.filters.filters()?);
        return Ok(io::stdout().write_all(filters.as_bytes())?);
    }
    observe(&args.request())
}

fn observe_events(args: &EventArgs, kind: Kind) -> Result<(), Error> {
    observe(&Request {
        kinds: Kinds::of(&[kind]),
        selectors: &args.selectors,
        filters: &FilterArgs::default(),
        flow_formatting: &FlowFormattingArgs::default(),
        common: &args.common,
    })
}

fn observe(request: &Request<'_>) -> Result<(), Error> {
    log::init_quiet();
    let Request {
        kinds,
        selectors,
        filters,
        flow_formatting,
        common,
    } = *request;
    let selection = selectors.selection(Timestamp::now())?;
    let lines = common.formatting.lines(flow_formatting);
    check(&common.source, selection, lines)?;
    let matcher = filters.filters()?.compile();
    let matcher = matcher.map_err(|error| Error::Usage(error.to_string()))?;
    let is_silent = common.source.silent_errors;
    match common.source.open()? {
        Source::Local(source) => {
            let request = local::Request {
                kinds,
                matcher,
                selection,
                lines,
                is_silent,
            };
            local::observe(source, request)
        }
        Source::Agent(client) => {
            let request = remote::Request {
                pipeline: common.source.pipeline.as_deref(),
                kinds,
                filters: filters.words(),
                selection,
                lines,
                is_silent,
            };
            remote::observe(&client, &request)
        }
    }
}

/// Refuses what the source or the format cannot do.
fn check(source: &SourceArgs, selection: Selection, lines: TapLines) -> Result<(), Error> {
    let is_table = lines.format == TapFormat::Table;
    if is_table && selection.follow {
        return Err(Error::Usage(
            "table output format is not compatible with follow mode".to_owned(),
        ));
    }
    if source.is_recording() {
        return Ok(());
    }
    let source = source.live_name();
    selection.check_live(source)?;
    if is_table && !selection.is_bounded() {
        return Err(Error::Usage(format!(
            "a table is printed when it is complete, and {source} has no end: add --first N or \
             --until -TIME"
        )));
    }
    Ok(())
}
