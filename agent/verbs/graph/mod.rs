//! `tidegate graph`: draws the wiring, with the kinds of records on each edge and the requests between
//! stages.

mod diagram;
mod requests;
mod text;

use std::io::{self, Write as _};

use clap::ValueEnum;
use tidegate_model::Kinds;
use tidegate_runtime::component::ExporterConfig;

use self::requests::RequestEdge;
use super::common::config_file::{ConfigFile, load};
use crate::config::{Config, Pipeline, arrivals};
use crate::error::Error;

/// Draw the wiring of a configuration
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate graph -c pipeline.toml
  tidegate graph --format dot | dot -Tsvg > pipeline.svg")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// The format of the drawing
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The formats of drawings.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For Markdown, <https://mermaid.js.org>
    Mermaid,
    /// For Graphviz
    Dot,
}

/// A pipeline, with the kinds of records that reach each stage.
struct Chain<'a> {
    name: &'a str,
    receivers: Vec<&'a str>,
    /// The processors, each with the kinds that it receives.
    processors: Vec<(&'a str, Kinds)>,
    /// The exporters, each with the kinds that it exports and the policy of its inbox.
    exporters: Vec<(&'a str, Kinds, String)>,
    /// The kinds behind the last processor.
    output: Kinds,
    /// The requests from its stages to its receivers.
    requests: Vec<RequestEdge<'a>>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let (config, _) = load(&args.config.read()?)?;
    let chains: Vec<_> = config
        .pipelines
        .iter()
        .map(|pipeline| chain(&config, pipeline))
        .collect();
    let drawing = match args.format {
        Format::Text => text::draw(&chains),
        Format::Mermaid => diagram::mermaid(&chains),
        Format::Dot => diagram::dot(&chains),
    };
    io::stdout().write_all(drawing.as_bytes())?;
    Ok(())
}

fn chain<'a>(config: &'a Config, pipeline: &'a Pipeline) -> Chain<'a> {
    let arrivals = arrivals(config, pipeline);
    let output = arrivals[arrivals.len() - 1];
    let exporter = |at: usize| {
        let component = &config.exporters[at];
        let takes = component
            .config
            .as_deref()
            .map_or(Kinds::NONE, ExporterConfig::consumes);
        (
            component.stage.as_str(),
            takes.intersection(output),
            config.when_full(at).to_string(),
        )
    };
    let processors = pipeline
        .processors
        .iter()
        .map(|one| config.processors[one.index].stage.as_str());
    Chain {
        name: &pipeline.name,
        receivers: pipeline
            .receivers
            .iter()
            .map(|one| config.receivers[one.index].stage.as_str())
            .collect(),
        processors: processors.zip(arrivals).collect(),
        exporters: pipeline
            .exporters
            .iter()
            .map(|one| exporter(one.index))
            .collect(),
        output,
        requests: requests::of(config, pipeline),
    }
}

#[cfg(test)]
mod tests;
