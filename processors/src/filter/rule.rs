//! The keys of a rule.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::ledger::RuleName;
use toml::Spanned;

use super::flow_filter::FilterTable;
use crate::exempt::Exempt;

tidegate_runtime::config_choice! {
    /// What happens to flows.
    pub enum Action {
        /// They pass, and no later rule applies.
        Keep = "keep",
        /// They are removed, and counted as `filtered{rule}`.
        Drop = "drop",
    }
}

tidegate_runtime::config_choice! {
    /// Records other than flows.
    pub enum RecordKind {
        /// Reports of lost events.
        Lost = "lost",
        /// Events of the Cilium agent.
        AgentEvents = "agent_events",
        /// Debug messages of Cilium's datapath.
        DebugEvents = "debug_events",
    }
}

tidegate_runtime::config_table! {
    /// A rule. It needs `flows`, `any_of`, `none_of` or `records`.
    #[derive(Clone, Debug)]
    pub struct Rule {
        /// Its name in the ledger and in metrics: `filtered{rule}`.
        #[sample = "\"health\""]
        pub name: RuleName,
        /// "keep": the flows pass, and no later rule applies; or "drop": they are removed.
        #[sample = "\"drop\""]
        pub action: Action,
        /// The flows that it matches, in the words of `hubble observe`: "--namespace shop --not
        /// --port 53". "" is all flows.
        #[sample = "\"--to-port 4240\""]
        pub flows: Option<Spanned<String>> = None,
        /// The same as a list of Hubble's FlowFilters, one of which has to match: { source_pod =
        /// ["shop/"] }.
        #[sample = "[{ source_pod = [\"shop/\"] }]"]
        pub any_of: Vec<FilterTable> = Vec::new(),
        /// FlowFilters of which none may match, beside or without `any_of`.
        #[sample = "[{ verdict = [\"DROPPED\"] }]"]
        pub none_of: Vec<FilterTable> = Vec::new(),
        /// Flows that report trouble and are dropped all the same: "drops" (verdict DROPPED, which
        /// includes policy denials), "audits" (verdict AUDIT), "errors" (verdict ERROR). `--verdict
        /// DROPPED` in `flows` names them, too.
        pub also: Vec<Exempt> = Vec::new(),
        /// Records other than flows that are dropped: "lost", "agent_events", "debug_events".
        pub records: Vec<RecordKind> = Vec::new(),
    }
}

impl Rule {
    /// The kinds of records other than flows that it drops.
    pub(super) fn kinds(&self) -> Kinds {
        let kind = |record: &RecordKind| match record {
            RecordKind::Lost => Kind::Lost,
            RecordKind::AgentEvents => Kind::AgentEvent,
            RecordKind::DebugEvents => Kind::DebugEvent,
        };
        let kinds = self.records.iter().map(kind);
        kinds.fold(Kinds::NONE, |set, kind| set.union(Kinds::of(&[kind])))
    }
}
