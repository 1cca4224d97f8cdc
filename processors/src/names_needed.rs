//! Warnings about the use of names that flows do not have at a place of the pipeline.

use tidegate_model::Kind;
use tidegate_runtime::component::{ChainPosition, FlowContent};

/// What a name of a flow depends on, the least demanding first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NamesNeeded {
    /// Every flow has it.
    Nothing,
    /// A pod, its namespace, cluster and labels: `cilium_enrich` knows them from announcements.
    Pods,
    /// DNS names: also known from answers that were decoded before.
    Dns,
    /// Workloads, services, interfaces and labels of nodes: also from an API.
    Api,
}

/// What is missing for a name, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MissingNames {
    pub(crate) label: &'static str,
    pub(crate) help: String,
}

impl NamesNeeded {
    /// What is missing at a position, in front of `user`.
    pub(crate) fn missing(self, position: &ChainPosition, user: &str) -> Option<MissingNames> {
        let has_enrich = position.earlier.contains(&FlowContent::Names);
        let has_api = position.received.contains(Kind::Names);
        let (label, help) = match self {
            Self::Nothing => return None,
            _ if !has_enrich => {
                let is_later = position.later.contains(&FlowContent::Names);
                let verb = if is_later { "move" } else { "add" };
                let help = format!("{verb} `cilium_enrich` before {user}");
                (self.label(), help)
            }
            Self::Pods => return None,
            _ if has_api => return None,
            Self::Dns if position.earlier.contains(&FlowContent::Dns) => return None,
            Self::Dns => {
                let help = "add `dns_flow` before `cilium_enrich`, or a receiver of names";
                (self.label(), help.to_owned())
            }
            Self::Api => {
                let help = "add a receiver of names, from Cilium's API or Kubernetes";
                (self.label(), help.to_owned())
            }
        };
        Some(MissingNames { label, help })
    }

    fn label(self) -> &'static str {
        match self {
            Self::Nothing | Self::Pods => "needs names or labels of pods",
            Self::Dns => "needs DNS names of addresses",
            Self::Api => "needs names that only an API has",
        }
    }
}

#[cfg(test)]
mod tests {
    use tidegate_model::Kinds;

    use super::*;

    fn position(
        received: &[Kind],
        earlier: &[FlowContent],
        later: &[FlowContent],
    ) -> ChainPosition {
        ChainPosition {
            received: Kinds::of(received),
            arriving: Kinds::of(&[Kind::Flow]),
            earlier: earlier.to_vec(),
            later: later.to_vec(),
            created_later: Kinds::NONE,
        }
    }

    #[test]
    fn a_name_needs_the_table_and_what_fills_it() {
        const ENRICH: FlowContent = FlowContent::Names;
        const DNS: FlowContent = FlowContent::Dns;
        use NamesNeeded::{Api, Dns, Nothing, Pods};
        let add = Some("add `cilium_enrich` before the filter");
        let move_it = Some("move `cilium_enrich` before the filter");
        let dns = Some("add `dns_flow` before `cilium_enrich`, or a receiver of names");
        let api = Some("add a receiver of names, from Cilium's API or Kubernetes");
        let [frames, names] = [&[Kind::Frame][..], &[Kind::Frame, Kind::Names]];
        for (received, earlier, later, expected) in [
            (frames, &[][..], &[][..], [None, add, add, add]),
            (names, &[DNS], &[ENRICH], [None, move_it, move_it, move_it]),
            (frames, &[ENRICH], &[], [None, None, dns, api]),
            (frames, &[DNS, ENRICH], &[], [None, None, None, api]),
            (names, &[ENRICH], &[], [None, None, None, None]),
        ] {
            let position = position(received, earlier, later);
            let found = [Nothing, Pods, Dns, Api].map(|needed| {
                needed
                    .missing(&position, "the filter")
                    .map(|missing| missing.help)
            });
            assert_eq!(found.each_ref().map(|help| help.as_deref()), expected);
        }
    }
}
