//! Kinds of components that do nothing: `source` makes frames, `decode` events of them, `flow`
//! flows of events, `names` adds names, `count` makes metrics of flows; `sink` takes everything and listens where it is told,
//! `scrape` takes metrics.

use std::net::SocketAddr;

use serde::Deserialize as _;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ChainPosition, ComponentKind, ExporterConfig, Finding, FlowContent,
    Lint, Outcomes, Place, ProcessorConfig, ReceiverConfig,
};
use tidegate_runtime::config::{HumanDuration, ListenAddress, Signals, Table as _};
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Exporter, Processor, Receiver, StageError};
use tidegate_runtime::{config_choice, config_table};
use toml::Spanned;

use crate::config::Registry;

pub(super) const REGISTRY: Registry = Registry {
    receivers: &[ComponentKind {
        name: "source",
        about: Source::ABOUT,
        keys: Source::KEYS,
        outcomes: Outcomes::NONE,
        parse: |table| Ok(Box::new(Source::deserialize(table)?)),
    }],
    processors: &[
        ComponentKind {
            name: "decode",
            about: Decode::ABOUT,
            keys: Decode::KEYS,
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Decode::deserialize(table)?)),
        },
        ComponentKind {
            name: "flow",
            about: Flow::ABOUT,
            keys: Flow::KEYS,
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Flow::deserialize(table)?)),
        },
        ComponentKind {
            name: "names",
            about: Names::ABOUT,
            keys: Names::KEYS,
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Names::deserialize(table)?)),
        },
        ComponentKind {
            name: "count",
            about: Count::ABOUT,
            keys: Count::KEYS,
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Count::deserialize(table)?)),
        },
    ],
    exporters: &[
        ComponentKind {
            name: "sink",
            about: Sink::ABOUT,
            keys: Sink::KEYS,
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Sink::deserialize(table)?)),
        },
        ComponentKind {
            name: "scrape",
            about: Scrape::ABOUT,
            keys: Scrape::KEYS,
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Scrape::deserialize(table)?)),
        },
    ],
};

config_table! {
    /// Makes frames.
    #[derive(Debug)]
    struct Source {
        /// Where they come from.
        #[since = "0.3.0"]
        #[renamed_from = "path"]
        socket: String = "/run/source.sock".to_owned(),
        /// What happens at the end.
        on_eof: OnEof = OnEof::Reconnect,
        /// Frames per second.
        rate: u64 = 0,
        /// How long it waits.
        wait: HumanDuration = HumanDuration::from_secs(0),
        /// Whether it cannot wait, and reports what is lost.
        live: bool = false,
    }
}

config_choice! {
    /// What happens at the end.
    enum OnEof = Reconnect {
        /// Begin again.
        Reconnect = "reconnect",
        /// End.
        Stop = "stop",
    }
}

config_table! {
    /// Makes events of frames.
    #[derive(Debug)]
    struct Decode {}
}

config_table! {
    /// Makes flows of events.
    #[derive(Debug)]
    struct Flow {}
}

config_table! {
    /// Adds names to flows.
    #[derive(Debug)]
    struct Names {}
}

config_table! {
    /// Makes metrics of flows.
    #[derive(Debug)]
    struct Count {
        /// "pods" needs names, what begins with "x" does not exist.
        metrics: Vec<Spanned<String>> = Vec::new(),
    }
}

config_table! {
    /// Takes everything.
    #[derive(Debug)]
    struct Sink {
        /// Where it sends.
        endpoint: String = String::new(),
        /// Where it listens.
        listen: Option<ListenAddress> = None,
        /// Two at most.
        labels: Vec<String> = Vec::new(),
        /// Certificates.
        tls: Option<Tls> = None,
        /// What it takes.
        signals: Option<Signals> = None,
    }
}

config_table! {
    /// Certificates.
    #[derive(Debug)]
    struct Tls {
        /// The certificate.
        #[sample = "\"a\""]
        certificate: String,
        /// Its key.
        #[since = "0.3.0"]
        #[renamed_from = "private_key"]
        #[sample = "\"b\""]
        key: String,
    }
}

config_table! {
    /// Takes metrics.
    #[derive(Debug)]
    struct Scrape {}
}

/// Every component: none of them is ever run.
struct Idle;

impl ReceiverConfig for Source {
    fn produces(&self) -> Kinds {
        if self.live {
            return Kinds::of(&[Kind::Frame, Kind::Lost]);
        }
        Kinds::of(&[Kind::Frame])
    }

    fn can_wait(&self) -> bool {
        !self.live
    }

    fn build(&self, _: &BuildContext) -> Result<Box<dyn Receiver>, BuildError> {
        Ok(Box::new(Idle))
    }
}

/// A processor turns `from` into `to`, and leaves the rest.
macro_rules! processor {
    ($config:ident, $from:ident, $to:ident, $keeps:expr $(, $further:item)*) => {
        impl ProcessorConfig for $config {
            fn consumes(&self) -> Kinds {
                Kinds::of(&[Kind::$from])
            }

            fn produces(&self, input: Kinds) -> Kinds {
                let rest = if $keeps {
                    input
                } else {
                    input.without(self.consumes())
                };
                rest.union(Kinds::of(&[Kind::$to]))
            }

            $($further)*

            fn build(&self, _: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
                Ok(Box::new(Idle))
            }
        }
    };
}

processor!(Decode, Frame, Event, false);
processor!(Flow, Event, Flow, false);
processor!(
    Names,
    Flow,
    Flow,
    true,
    fn contributes(&self) -> &'static [FlowContent] {
        &[FlowContent::Names]
    }
);
processor!(
    Count,
    Flow,
    Metric,
    true,
    fn inspect(&self, position: &ChainPosition) -> Vec<Finding> {
        self.findings(position)
    }
);

impl Count {
    fn findings(&self, position: &ChainPosition) -> Vec<Finding> {
        let mut findings = Vec::new();
        for item in &self.metrics {
            let text = item.get_ref();
            let part = Place::Part {
                value: item.span(),
                offset: 0,
                text: text.clone(),
            };
            if text.starts_with('x') {
                findings.push(Finding::error(part, format!("there is no metric `{text}`")));
            } else if text == "pods" && !position.earlier.contains(&FlowContent::Names) {
                let title = "there are no names";
                let finding = Finding::warning(Lint::LabelWithoutNames, part, title);
                findings.push(
                    finding
                        .label("needs names")
                        .note("a note")
                        .help("add names"),
                );
            }
        }
        findings
    }
}

impl ExporterConfig for Sink {
    fn consumes(&self) -> Kinds {
        self.signals.as_ref().map_or(Kinds::ALL, Signals::kinds)
    }

    fn listens(&self) -> Vec<SocketAddr> {
        self.listen.map(ListenAddress::get).into_iter().collect()
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Exporter>, BuildError> {
        if self.endpoint.starts_with("ftp:") {
            let message = format!("{} cannot speak FTP; use http", context.stage);
            return Err(BuildError {
                key: "endpoint",
                message,
            });
        }
        if self.labels.len() > 2 {
            return Err(BuildError {
                key: "labels",
                message: "two at most".to_owned(),
            });
        }
        if self
            .tls
            .as_ref()
            .is_some_and(|tls| tls.key == tls.certificate)
        {
            return Err(BuildError {
                key: "tls.key",
                message: "this is the certificate".to_owned(),
            });
        }
        Ok(Box::new(Idle))
    }
}

impl ExporterConfig for Scrape {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Metric])
    }

    fn build(&self, _: &BuildContext) -> Result<Box<dyn Exporter>, BuildError> {
        Ok(Box::new(Idle))
    }
}

#[async_trait::async_trait]
impl Receiver for Idle {
    async fn run(self: Box<Self>, _: Outbox, _: Shutdown) -> Result<(), StageError> {
        Ok(())
    }
}

impl Processor for Idle {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}
}

#[async_trait::async_trait]
impl Exporter for Idle {
    async fn run(self: Box<Self>, _: Inbox) -> Result<(), StageError> {
        Ok(())
    }
}
