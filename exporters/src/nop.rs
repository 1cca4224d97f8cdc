//! `nop`: discards every record, like the exporter of the same name of the OpenTelemetry Collector.
//! For measuring the stages before it, or trying out a pipeline.

use async_trait::async_trait;
use serde::Deserialize;
use tidegate_model::Kinds;
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, ExporterConfig, ExporterKind, Outcomes,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::stage;
use tidegate_runtime::stage::StageError;

/// The kind.
pub const KIND: ExporterKind = ComponentKind {
    name: "nop",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes::NONE,
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

tidegate_runtime::config_table! {
    /// Discards every record.
    #[derive(Clone, Copy, Debug)]
    pub struct Config {}
}

impl ExporterConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::ALL
    }

    fn build(&self, _: &BuildContext) -> Result<Box<dyn stage::Exporter>, BuildError> {
        Ok(Box::new(Exporter))
    }
}

struct Exporter;

#[async_trait]
impl stage::Exporter for Exporter {
    async fn run(self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        while let Some(delivery) = inbox.recv().await {
            delivery.absorbed();
        }
        Ok(())
    }

    fn runs_apart(&self) -> bool {
        false
    }
}
