//! Kinds of components that do nothing: `source` makes frames, `decode` events of them, `flow`
//! flows of events, `count` metrics of flows; `sink` takes everything and listens where it is told,
//! `scrape` takes metrics.

use std::net::SocketAddr;

use serde::Deserialize as _;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, ExporterConfig, Outcomes, ProcessorConfig,
    ReceiverConfig,
};
use tidegate_runtime::config::{HumanDuration, Table as _};
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Exporter, Processor, Receiver, StageError};
use tidegate_runtime::{config_choice, config_table};

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
        /// Whether it cannot wait.
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
    /// Makes metrics of flows.
    #[derive(Debug)]
    struct Count {}
}

config_table! {
    /// Takes everything.
    #[derive(Debug)]
    struct Sink {
        /// Where it sends.
        endpoint: String = String::new(),
        /// Where it listens.
        listen: Option<SocketAddr> = None,
        /// Two at most.
        labels: Vec<String> = Vec::new(),
        /// Certificates.
        tls: Option<Tls> = None,
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
    ($config:ident, $from:ident, $to:ident, $keeps:expr) => {
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

            fn build(&self, _: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
                Ok(Box::new(Idle))
            }
        }
    };
}

processor!(Decode, Frame, Event, false);
processor!(Flow, Event, Flow, false);
processor!(Count, Flow, Metric, true);

impl ExporterConfig for Sink {
    fn consumes(&self) -> Kinds {
        Kinds::ALL
    }

    fn listens(&self) -> Vec<SocketAddr> {
        self.listen.into_iter().collect()
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
