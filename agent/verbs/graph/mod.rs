//! `tidegate graph`: the wiring, with the kinds of records that travel on each edge.

mod diagram;
mod text;

use std::io::{self, Write as _};

use clap::ValueEnum;
use tidegate_model::Kinds;
use tidegate_runtime::component::ExporterConfig;

use super::common::config_file::{ConfigFile, load};
use crate::config::{Config, Pipeline, arrivals};
use crate::error::Error;

/// Draw the wiring of a configuration
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// How to draw it
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Forms of drawings.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For Markdown, <https://mermaid.js.org>
    Mermaid,
    /// For Graphviz
    Dot,
}

/// One pipeline, with what arrives where.
struct Chain<'a> {
    name: &'a str,
    receivers: Vec<&'a str>,
    /// Processors, each with what arrives at it.
    processors: Vec<(&'a str, Kinds)>,
    /// Exporters, each with what it takes of what arrives, and with what happens when its inbox is
    /// full.
    exporters: Vec<(&'a str, Kinds, String)>,
    /// What arrives behind the last processor.
    end: Kinds,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let (config, _) = load(&args.config.path)?;
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
    let end = arrivals[arrivals.len() - 1];
    let exporter = |at: usize| {
        let component = &config.exporters[at];
        let takes = component
            .config
            .as_deref()
            .map_or(Kinds::NONE, ExporterConfig::consumes);
        (
            component.stage.as_str(),
            takes.intersection(end),
            config.when_full(at).to_string(),
        )
    };
    let processors = pipeline
        .processors
        .iter()
        .map(|one| config.processors[one.at].stage.as_str());
    Chain {
        name: &pipeline.name,
        receivers: pipeline
            .receivers
            .iter()
            .map(|one| config.receivers[one.at].stage.as_str())
            .collect(),
        processors: processors.zip(arrivals).collect(),
        exporters: pipeline
            .exporters
            .iter()
            .map(|one| exporter(one.at))
            .collect(),
        end,
    }
}
