//! Which series are of a pod: those that Hubble deletes a minute after the pod
//! (`ContextOptions.DeleteMetricsAssociatedWithPod` in `pkg/hubble/metrics/api/context.go`, v1.19.4).

use hashbrown::HashSet;

use super::identifier::Identifier;
use super::options::{ContextOptions, IdentifierLists};
use super::{Context, Side, unpack};
use crate::hubble_metrics::series::Symbol;

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pod {
    namespace: Box<str>,
    name: Box<str>,
}

impl Pod {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

/// The symbols of some pods in a context.
#[derive(Debug)]
pub(crate) struct PodSymbols {
    /// `namespace/pod`, as the option `pod` writes it.
    qualified: HashSet<Symbol>,
    /// Namespace and pod.
    parts: HashSet<(Symbol, Symbol)>,
}

impl Context {
    /// The symbols of pods; `None` if no series has one of them as a label.
    pub(crate) fn symbols_of<'p>(
        &self,
        pods: impl Iterator<Item = &'p Pod> + Clone,
    ) -> Option<PodSymbols> {
        let mut text = String::new();
        let qualified = pods.clone().filter_map(|Pod { namespace, name }| {
            text.clear();
            text.extend([namespace, "/", name]);
            self.symbols.find(&text)
        });
        let qualified: HashSet<_> = qualified.collect();
        let parts = pods.filter_map(|Pod { namespace, name }| {
            Some((self.symbols.find(namespace)?, self.symbols.find(name)?))
        });
        let parts: HashSet<_> = parts.collect();
        let is_any = !qualified.is_empty() || !parts.is_empty();
        is_any.then_some(PodSymbols { qualified, parts })
    }

    /// Whether the labels with this number are of one of these pods.
    pub(crate) fn is_of(&self, number: u64, pods: &PodSymbols) -> bool {
        let pair = unpack(number);
        let list = if self.has_labels {
            self.list(number).unwrap_or_default()
        } else {
            &pair
        };
        let Some((labels, pair)) = list.split_last_chunk::<2>() else {
            return false;
        };
        // A label that is alone is the second of the pair.
        let source = pair[usize::from(!self.destination.is_set)];
        let has_source = self.options.source.has_pod() && pods.qualified.contains(&source);
        let has_destination =
            self.options.destination.has_pod() && pods.qualified.contains(&pair[1]);
        has_source
            || has_destination
            || [Side::Source, Side::Destination]
                .iter()
                .filter_map(|side| self.options.positions(*side))
                .any(|(namespace, name)| pods.parts.contains(&(labels[namespace], labels[name])))
    }
}

impl IdentifierLists {
    /// Whether a value can be a pod.
    fn has_pod(&self) -> bool {
        let mut lists = [&self.any, &self.ingress, &self.egress].into_iter();
        lists.any(|list| list.contains(&Identifier::Pod))
    }
}

impl ContextOptions {
    /// The positions of the labels with the namespace and the pod of a side, if both exist.
    fn positions(&self, side: Side) -> Option<(usize, usize)> {
        let position = |wanted| {
            let mut labels = self.labels.iter();
            labels.position(|(_, of, identifier)| *of == side && *identifier == wanted)
        };
        Some((
            position(Identifier::Namespace)?,
            position(Identifier::PodName)?,
        ))
    }
}
