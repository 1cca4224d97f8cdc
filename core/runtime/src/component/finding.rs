//! What a configuration reports about itself beyond errors of types: errors at several places, and
//! warnings about what is allowed but probably a mistake. Each kind of warning has a name, by which
//! users find and allow it.

use std::ops::Range;

crate::config_choice! {
    /// The kinds of warnings.
    pub enum Lint {
        /// A key is given by a former name.
        RenamedKey = "renamed_key",
        /// No pipeline names the component, so it does not run.
        UnusedComponent = "unused_component",
        /// A pipeline has two components of the same kind and the same keys, so that everything is
        /// received or exported twice.
        DuplicateComponent = "duplicate_component",
        /// Decoded events reach the end of a pipeline, and no processor turns them into flows.
        EventsWithoutFlows = "events_without_flows",
        /// Flows reach the end of a pipeline, and nothing in it uses them.
        FlowsNotExported = "flows_not_exported",
        /// A pipeline computes metrics, and none of its exporters takes them.
        MetricsNotExported = "metrics_not_exported",
        /// A receiver reads names, and no processor of its pipeline adds them to flows.
        NamesNotUsed = "names_not_used",
        /// A receiver needs the name of the node in Kubernetes, and only the host's name is known.
        HostNameAsNode = "host_name_as_node",
        /// An exporter's `signals` have a kind of records that none of its pipelines makes.
        SignalNeverArrives = "signal_never_arrives",
        /// A queue holds less than one batch, so that batches pass one by one or are dropped.
        QueueBelowBatch = "queue_below_batch",
        /// An exporter's queue blocks, and a receiver that feeds it cannot wait: a slow backend holds
        /// up all exporters of its pipelines, and the receiver drops.
        BlockedReceiver = "blocked_receiver",
        /// A metric has no such option, or the option's value has no effect. Hubble ignores both.
        UnknownMetricOption = "unknown_metric_option",
        /// A metric counts messages that no processor in front of it makes flows of, so that it
        /// stays empty.
        MetricWithoutFlows = "metric_without_flows",
        /// A label of a metric has names that nothing in front of it adds, so that it stays empty.
        LabelWithoutNames = "label_without_names",
        /// A rule of a filter selects by names or labels that nothing in front of it adds, so that
        /// it matches hardly any flow.
        RuleWithoutNames = "rule_without_names",
        /// Flows are sampled before they are counted.
        SampledMetrics = "sampled_metrics",
        /// Flows that Cilium's proxies report are made behind a `filter` or `sample`, which all of
        /// them pass; or flows are made behind `cilium_enrich`, which does not name them.
        FlowsMadeLater = "flows_made_later",
        /// `cilium_version` is a later release than those that this version of tidegate knows.
        UnknownRelease = "unknown_release",
        /// The port of an endpoint is the usual one of another protocol.
        PortOfOtherProtocol = "port_of_other_protocol",
        /// An environment variable, which would be the default of a key, cannot be read.
        IgnoredVariable = "ignored_variable",
        /// Credentials cross the network in plain text.
        PlainTextCredentials = "plain_text_credentials",
        /// Every user of the host can read a file with a private key or tokens.
        ReadableSecret = "readable_secret",
        /// A file of authorities has a certificate that cannot sign others.
        NotAnAuthority = "not_an_authority",
        /// A recording has no events, or does not begin as recordings do.
        DoubtfulRecording = "doubtful_recording",
        /// A certificate expires within 14 days.
        CertificateExpiresSoon = "certificate_expires_soon",
    }
}

/// An error or a warning about a component's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind of warning; `None` for an error.
    pub lint: Option<Lint>,
    /// Where it is.
    pub place: Place,
    /// What is wrong.
    pub title: String,
    /// A text beside the place; may be empty.
    pub label: String,
    /// An explanation.
    pub note: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

/// A place in a component's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A key by its path, such as `endpoint` or `tls.key_file`. Without the key in the file, it is
    /// the table.
    Key(&'static str),
    /// As [`Place::Key`], with the positions of items of lists: `rules.0.name`.
    Path(String),
    /// A value, as [`toml::Spanned`] has it.
    Value(Range<usize>),
    /// A part of a string.
    Part {
        /// The string.
        value: Range<usize>,
        /// Where the part begins in the string.
        offset: usize,
        /// The part.
        text: String,
    },
}

impl Finding {
    /// An error.
    #[must_use]
    pub fn error(place: Place, title: impl Into<String>) -> Self {
        Self {
            lint: None,
            place,
            title: title.into(),
            label: String::new(),
            note: None,
            help: None,
        }
    }

    /// A warning.
    #[must_use]
    pub fn warning(lint: Lint, place: Place, title: impl Into<String>) -> Self {
        Self {
            lint: Some(lint),
            ..Self::error(place, title)
        }
    }

    /// A text beside the place.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..self
        }
    }

    /// An explanation.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self {
            note: Some(note.into()),
            ..self
        }
    }

    /// What to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }
}
