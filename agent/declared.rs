//! The names that a stage counts records by: those that its kind declares, and those that the runner
//! adds by the stage's role.

use tidegate_runtime::component::{Cause, ComponentKind, Outcomes, Reasons};
use tidegate_runtime::ledger::{Report, StageReport};
use tidegate_runtime::stage_id::{Role, StageId};

use crate::config::{Registry, find};

/// The names of one stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    reasons: Vec<Reasons>,
    rules: Vec<&'static str>,
    pub(crate) notes: Vec<&'static str>,
    pub(crate) choices: &'static [&'static str],
}

impl Declared {
    /// The names of a stage; none if its kind is unknown.
    pub(crate) fn of(stage: &StageId, has_inbox: bool) -> Self {
        let Some(outcomes) = outcomes(stage) else {
            return Self::default();
        };
        let mut reasons: Vec<_> = outcomes.reasons().collect();
        reasons.extend(has_inbox.then_some(Outcomes::OF_INBOXES));
        let is_exporter = stage.role() == Role::Exporter;
        reasons.extend(is_exporter.then_some(Outcomes::OF_EXPORTERS));
        let of_role = if is_exporter {
            Outcomes::RULES_OF_EXPORTERS
        } else {
            &[]
        };
        let of_inbox = if has_inbox {
            Outcomes::NOTES_OF_INBOXES
        } else {
            &[]
        };
        let notes = outcomes.noted.iter().chain(of_inbox).copied().collect();
        let rules = outcomes.filtered.iter().chain(of_role).copied().collect();
        Self {
            reasons,
            rules,
            notes,
            choices: outcomes.ambiguous,
        }
    }

    /// The names of each stage of a report.
    pub(crate) fn of_report(report: &Report) -> Vec<Self> {
        let has_inbox =
            |stage: &StageReport| report.edges.iter().any(|edge| edge.stage == stage.stage);
        report
            .stages
            .iter()
            .map(|stage| Self::of(&stage.stage, has_inbox(stage)).with_rules(&stage.rules))
            .collect()
    }

    /// Adds rules that come from the configuration.
    fn with_rules(mut self, rules: &[&'static str]) -> Self {
        self.rules.extend(rules);
        self
    }

    /// The reasons for drops.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = &'static str> {
        self.reasons.iter().flat_map(|group| group.names).copied()
    }

    /// The rules of filters.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &'static str> {
        self.rules.iter().copied()
    }

    /// The cause of a drop reason.
    pub(crate) fn cause(&self, reason: &str) -> Cause {
        let group = self
            .reasons
            .iter()
            .find(|group| group.names.contains(&reason));
        group.map_or(Cause::Load, |group| group.cause)
    }

    /// The keys of the time limits of a stage's shutdown.
    pub(crate) fn times(&self) -> impl Iterator<Item = &'static str> {
        self.reasons.iter().filter_map(|group| match group.cause {
            Cause::Time(key) => Some(key),
            _ => None,
        })
    }

    /// The names that a stage counted by and its kind does not declare.
    fn undeclared(&self, stage: &StageReport) -> Vec<String> {
        let without =
            |what: &str, names: &mut dyn Iterator<Item = &'static str>, declared: &[&str]| {
                let names = names.filter(|name| !declared.contains(name));
                names
                    .map(|name| format!("{} {what} {name}", stage.stage))
                    .collect::<Vec<_>>()
            };
        let reasons: Vec<_> = self.reasons().collect();
        let rules: Vec<_> = self.rules().collect();
        let mut undeclared = without("dropped", &mut stage.dropped.keys().copied(), &reasons);
        undeclared.extend(without(
            "filtered",
            &mut stage.filtered.keys().copied(),
            &rules,
        ));
        undeclared.extend(without(
            "noted",
            &mut stage.noted.keys().copied(),
            &self.notes,
        ));
        undeclared.extend(without(
            "ambiguous",
            &mut stage.ambiguous.keys().copied(),
            self.choices,
        ));
        undeclared
    }
}

/// Names that stages counted by and their kinds do not declare. This is a bug: the counter did not
/// exist before.
pub(crate) fn undeclared(report: &Report) -> Vec<String> {
    let declared = Declared::of_report(report);
    report
        .stages
        .iter()
        .zip(&declared)
        .flat_map(|(stage, declared)| declared.undeclared(stage))
        .collect()
}

fn outcomes(stage: &StageId) -> Option<Outcomes> {
    fn of<C: ?Sized>(kinds: &[ComponentKind<C>], name: &str) -> Option<Outcomes> {
        find(kinds, name).map(|kind| kind.outcomes)
    }
    let registry = Registry::BUILT_IN;
    match stage.role() {
        Role::Receiver => of(registry.receivers, stage.kind()),
        Role::Processor => of(registry.processors, stage.kind()),
        Role::Exporter => of(registry.exporters, stage.kind()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tidegate_model::Kind;

    use super::{Cause, Declared, StageId};
    use crate::config::Registry;

    #[test]
    fn a_stage_has_the_names_of_its_kind_and_of_its_role() {
        let otlp = Declared::of(&StageId::exporter("otlp/backup"), true);
        let reasons: Vec<_> = otlp.reasons().collect();
        for reason in [
            "permanent_error",
            "drain_timeout",
            "queue_full",
            "stage_ended",
            "shutdown_timeout",
        ] {
            assert!(reasons.contains(&reason), "{reason} in {reasons:?}");
        }
        assert_eq!(otlp.rules().collect::<Vec<_>>(), Kind::NAMES);
        assert!(
            !Declared::of(&StageId::processor("l34_flow"), false)
                .reasons()
                .any(|reason| reason == "queue_full")
        );
        assert!(
            Declared::of(&StageId::receiver("monitor1_2"), false)
                .reasons()
                .any(|reason| reason == "pipeline_full")
        );
        assert_eq!(
            Declared::of(&StageId::exporter("no_such_kind"), true)
                .reasons()
                .count(),
            0
        );
    }

    #[test]
    fn a_reason_has_a_cause() {
        let cause =
            |stage: &str, reason: &str| Declared::of(&stage.parse().unwrap(), true).cause(reason);
        assert_eq!(cause("processors.l34_flow", "tcp_too_short"), Cause::Input);
        assert_eq!(cause("exporters.otlp", "queue_full"), Cause::Load);
        assert_eq!(
            cause("exporters.otlp", "drain_timeout"),
            Cause::Time("drain_timeout")
        );
        assert_eq!(
            cause("exporters.stdout", "shutdown_timeout"),
            Cause::Time("service.grace_period")
        );
        assert_eq!(cause("exporters.stdout", "output_closed"), Cause::Unwanted);
    }

    #[test]
    fn no_kind_declares_a_name_twice() {
        let registry = Registry::BUILT_IN;
        let receivers = registry
            .receivers
            .iter()
            .map(|kind| StageId::receiver(kind.name));
        let processors = registry
            .processors
            .iter()
            .map(|kind| StageId::processor(kind.name));
        let exporters = registry
            .exporters
            .iter()
            .map(|kind| StageId::exporter(kind.name));
        for stage in receivers.chain(processors).chain(exporters) {
            let reasons: Vec<_> = Declared::of(&stage, true).reasons().collect();
            let once: BTreeSet<_> = reasons.iter().collect();
            assert_eq!(once.len(), reasons.len(), "{stage}: {reasons:?}");
        }
    }
}
