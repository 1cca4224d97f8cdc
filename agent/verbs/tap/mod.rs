//! `tidegate tap`: prints the records that leave a stage of a running agent.

use clap_complete::engine::ArgValueCompleter;
use tidegate_model::{Kind, Kinds};
use tokio::signal::ctrl_c;

use super::common::closed_output::output_closed;
use super::common::filters::FilterArgs;
use super::common::runtime;
use super::common::tap_stream::{TapPrinter, TapQuery, usage_error};
use super::completions;
use crate::client::AgentArgs;
use crate::error::Error;
use crate::telemetry::{DEFAULT_RATE, FilterWord, MAX_RATE, TapFormat, TapLines};

const EXAMPLES: &str = "\
Filters are those of `hubble observe`. They select flows; of other records, --type selects events by
their type, and lost reports pass every --type. --kind selects kinds of records.

Examples:
  tidegate tap exporters.stdout --verdict DROPPED --ip 10.0.0.0/8
  tidegate tap exporters.otlp --format json --count 10 | jq .flow.l4
  tidegate tap exporters.stdout --format json --kind flows | hubble observe --input-file -";

/// Print the records that leave a stage of a running agent
///
/// The stage is named as in the ledger, or by an unambiguous end of its name. For an exporter, the
/// records that it receives are printed. If more records match than --rate allows, a sample of them
/// is printed; standard error shows how many there were. The ledger and the stages of the agent are
/// not affected.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The stage, such as `processors.l34_flow` or `l34_flow`
    #[arg(value_name = "STAGE", add = ArgValueCompleter::new(completions::stages))]
    stage: String,
    /// Print records of this pipeline only
    #[arg(long, value_name = "NAME", add = ArgValueCompleter::new(completions::pipelines))]
    pipeline: Option<String>,
    /// Print records of these kinds only
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',', value_parser = kind_names())]
    kinds: Vec<String>,
    /// The format of the records
    #[arg(long, value_enum, default_value_t = TapFormat::Compact)]
    format: TapFormat,
    /// The largest number of records per second
    #[arg(
        long,
        value_name = "N",
        default_value_t = DEFAULT_RATE,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_RATE)),
    )]
    rate: u32,
    /// End after so many records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// The same as --KEY VALUE
    #[arg(short, long = "filter", value_name = "KEY=VALUE")]
    filters: Vec<FilterWord>,
    #[command(flatten)]
    flags: FilterArgs,
    #[command(flatten, next_help_heading = "Agent")]
    agent: AgentArgs,
}

fn kind_names() -> [&'static str; Kind::ALL.len()] {
    Kind::ALL.map(Kind::name)
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    // The agent checks them, too, but does not know that they are arguments.
    args.flags.filters()?;
    let client = args.agent.client()?;
    let runtime = runtime::current_thread()?;
    runtime.block_on(async {
        let response = client.get(&args.page()).await.map_err(usage_error)?;
        let mut printer = TapPrinter::new(args.format);
        let ended = tokio::select! {
            ended = printer.print(response) => ended,
            _ = ctrl_c() => Ok(()),
            () = output_closed() => Ok(()),
        };
        printer.finish(true)?;
        ended
    })
}

impl Args {
    /// The path and the query of the request.
    fn page(&self) -> String {
        let filters = [self.flags.words(), &self.filters].concat();
        let query = TapQuery {
            stage: &self.stage,
            pipeline: self.pipeline.as_deref(),
            kinds: self.kinds(),
            filters: &filters,
            lines: TapLines {
                format: self.format,
                ..TapLines::default()
            },
            rate: self.rate,
            count: self.count,
        };
        query.page()
    }

    fn kinds(&self) -> Kinds {
        if self.kinds.is_empty() {
            return Kinds::ALL;
        }
        let chosen = Kind::ALL
            .into_iter()
            .filter(|kind| self.kinds.iter().any(|name| name == kind.name()));
        chosen.fold(Kinds::NONE, |kinds, kind| kinds.union(Kinds::of(&[kind])))
    }
}
