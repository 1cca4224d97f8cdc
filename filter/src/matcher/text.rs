//! Tests of texts, which are compared with the shared names of endpoints and the fields of messages.

use tidegate_model::flow::{Dns, EndpointNames, Flow, L7Record};

use super::Side;
use super::glob::Glob;
use super::http::HttpTest;
use super::label::Selector;
use super::node_pattern::NodePattern;
use super::regex::Patterns;
use crate::{Context, Workload};

/// A field with texts that is set.
#[derive(Debug)]
pub(super) enum Text {
    Pod(Side, Box<[NamePrefix]>),
    Service(Side, Box<[NamePrefix]>),
    Workload(Side, Box<[Workload]>),
    Cluster(Side, Box<[String]>),
    Fqdn(Side, Box<[Glob]>),
    Label(Side, Box<[Selector]>),
    NodeLabel(Box<[Selector]>),
    NodeName(Box<[NodePattern]>),
    /// W3C trace ids.
    TraceId(Box<[String]>),
    DnsQuery(Patterns),
    Http(HttpTest),
}

/// A prefix of a name in a namespace.
#[derive(Debug)]
pub(super) struct NamePrefix {
    /// Empty for any namespace.
    namespace: String,
    prefix: String,
}

impl NamePrefix {
    /// Parses `namespace/prefix`, or the prefix of a name in the namespace `default`. What follows a
    /// second slash is ignored.
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = text.split('/');
        let first = parts.next().unwrap_or_default();
        match parts.next() {
            Some(prefix) => Self::new(first, prefix),
            None => Self::new("default", first),
        }
    }

    fn new(namespace: &str, prefix: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            prefix: prefix.to_owned(),
        }
    }
}

impl Text {
    /// Whether a flow matches. Not inlined, since most rules are of numbers.
    #[inline(never)]
    pub(super) fn matches(&self, flow: &Flow, context: &Context) -> bool {
        let l7 = flow.l7.as_deref();
        match self {
            Self::Pod(side, prefixes) => names(flow, *side)
                .is_some_and(|names| any_prefix(prefixes, &names.namespace, &names.pod_name)),
            Self::Service(side, prefixes) => {
                let service = side.endpoint(flow).service.as_deref();
                service.is_some_and(|of| any_prefix(prefixes, &of.namespace, &of.name))
            }
            Self::Workload(side, workloads) => {
                names(flow, *side).is_some_and(|names| any_workload(workloads, &names.workloads))
            }
            Self::Cluster(side, clusters) => {
                names(flow, *side).is_some_and(|names| clusters.contains(&names.cluster_name))
            }
            Self::Fqdn(side, globs) => {
                names(flow, *side).is_some_and(|names| any_glob(globs, &names.dns_names))
            }
            Self::Label(side, selectors) => {
                let labels = names(flow, *side).map_or(&[][..], |names| &names.labels);
                any_selector(selectors, labels)
            }
            Self::NodeLabel(selectors) => any_selector(selectors, node_labels(flow)),
            Self::NodeName(patterns) => patterns
                .iter()
                .any(|pattern| pattern.matches(context.node_name())),
            Self::TraceId(ids) => {
                let context = l7.and_then(|l7| l7.trace_context);
                let id = context.map(|context| context.trace_id_text());
                let id = id.as_ref().map_or(&[][..], |id| &id[..]);
                ids.iter().any(|known| known.as_bytes() == id)
            }
            Self::DnsQuery(patterns) => match l7.map(|l7| &l7.record) {
                Some(L7Record::Dns(Dns { query, .. })) => patterns.matches(query),
                _ => false,
            },
            Self::Http(test) => match l7.map(|l7| &l7.record) {
                Some(L7Record::Http(http)) => test.matches(http),
                _ => false,
            },
        }
    }

    /// Whether a record without any of these texts matches.
    pub(super) fn matches_empty(&self) -> bool {
        match self {
            Self::Label(_, selectors) | Self::NodeLabel(selectors) => any_selector(selectors, &[]),
            Self::TraceId(ids) => ids.iter().any(String::is_empty),
            _ => false,
        }
    }
}

fn names(flow: &Flow, side: Side) -> Option<&EndpointNames> {
    side.endpoint(flow).names.as_deref()
}

fn node_labels(flow: &Flow) -> &[String] {
    flow.node.as_deref().map_or(&[], |node| &node.node_labels)
}

fn any_prefix(prefixes: &[NamePrefix], namespace: &str, name: &str) -> bool {
    let is_named = !namespace.is_empty() || !name.is_empty();
    is_named
        && prefixes.iter().any(|of| {
            name.starts_with(&of.prefix) && (of.namespace.is_empty() || of.namespace == namespace)
        })
}

/// Whether an owner, as (kind, name), is one of the workloads.
fn any_workload(workloads: &[Workload], owners: &[(String, String)]) -> bool {
    owners.iter().any(|(kind, name)| {
        workloads.iter().any(|of| {
            (of.name.is_empty() || of.name == *name) && (of.kind.is_empty() || of.kind == *kind)
        })
    })
}

fn any_glob(globs: &[Glob], names: &[String]) -> bool {
    names
        .iter()
        .any(|name| globs.iter().any(|glob| glob.matches(name)))
}

fn any_selector(selectors: &[Selector], labels: &[String]) -> bool {
    selectors.iter().any(|selector| selector.matches(labels))
}
