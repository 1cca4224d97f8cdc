//! Kinds of components that do nothing: `source` makes frames, `decode` events of them, `flow`
//! flows of events, `count` metrics of flows; `sink` takes everything and listens where it is told,
//! `scrape` takes metrics.

use std::net::SocketAddr;

use serde::Deserialize;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, ExporterConfig, Key, Outcomes, ProcessorConfig,
    ReceiverConfig,
};
use tidegate_runtime::config::HumanDuration;
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Exporter, Processor, Receiver, StageError};

use crate::config::Registry;

pub(super) const REGISTRY: Registry = Registry {
    receivers: &[ComponentKind {
        name: "source",
        about: "",
        keys: SOURCE_KEYS,
        outcomes: Outcomes::NONE,
        parse: |table| Ok(Box::new(Source::deserialize(table)?)),
    }],
    processors: &[
        ComponentKind {
            name: "decode",
            about: "",
            keys: &[],
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Decode::deserialize(table)?)),
        },
        ComponentKind {
            name: "flow",
            about: "",
            keys: &[],
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Flow::deserialize(table)?)),
        },
        ComponentKind {
            name: "count",
            about: "",
            keys: &[],
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Count::deserialize(table)?)),
        },
    ],
    exporters: &[
        ComponentKind {
            name: "sink",
            about: "",
            keys: SINK_KEYS,
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Sink::deserialize(table)?)),
        },
        ComponentKind {
            name: "scrape",
            about: "",
            keys: &[],
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Scrape::deserialize(table)?)),
        },
    ],
};

const fn key(name: &'static str) -> Key {
    Key {
        name,
        default: "\"\"",
        effect: "",
    }
}

const SOURCE_KEYS: &[Key] = &[
    key("socket"),
    key("on_eof"),
    key("rate"),
    key("wait"),
    key("live"),
];
const SINK_KEYS: &[Key] = &[
    key("endpoint"),
    key("listen"),
    key("labels"),
    key("tls.certificate"),
    key("tls.key"),
];

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Source {
    socket: String,
    on_eof: OnEof,
    rate: u64,
    wait: HumanDuration,
    live: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnEof {
    Reconnect,
    Stop,
}

impl Default for Source {
    fn default() -> Self {
        let wait = HumanDuration(std::time::Duration::ZERO);
        Self {
            socket: "/run/source.sock".to_owned(),
            on_eof: OnEof::Reconnect,
            rate: 0,
            wait,
            live: false,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decode {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flow {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sink {
    endpoint: String,
    listen: Option<SocketAddr>,
    labels: Vec<String>,
    tls: Option<Tls>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    certificate: String,
    key: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scrape {}

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
