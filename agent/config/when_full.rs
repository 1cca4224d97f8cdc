//! Resolves `when_full = "auto"` of exporters. Waiting loses nothing if the source of the records can
//! wait, too; otherwise it would hold up the receiver and with it all other exporters.

use std::fmt::{self, Display};

use tidegate_runtime::component::ReceiverConfig;
use tidegate_runtime::limits::WhenFull;

use super::Config;

/// The policy of an exporter's inbox, and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResolvedPolicy<'a> {
    /// The configured policy.
    Configured(WhenFull),
    /// Block, since every receiver that feeds the exporter can wait.
    Waits,
    /// Drop, since these receivers cannot wait.
    Drops {
        /// Their ids.
        receivers: Vec<&'a str>,
    },
}

impl ResolvedPolicy<'_> {
    /// The policy.
    pub(crate) fn when_full(&self) -> WhenFull {
        match self {
            Self::Configured(when_full) => *when_full,
            Self::Waits => WhenFull::Block,
            Self::Drops { .. } => WhenFull::DropNewest,
        }
    }
}

impl Display for ResolvedPolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "when_full: {}", self.when_full().name())?;
        match self {
            Self::Configured(_) => Ok(()),
            Self::Waits => f.write_str(" (auto: every receiver can wait)"),
            Self::Drops { receivers } => write!(f, " (auto: {} cannot wait)", receivers.join(", ")),
        }
    }
}

impl Config {
    /// The policy of the exporter at this index.
    pub(crate) fn when_full(&self, exporter: usize) -> ResolvedPolicy<'_> {
        let policy = self.exporters[exporter]
            .queue
            .and_then(|queue| queue.when_full)
            .unwrap_or_default();
        if let Some(when_full) = policy.fixed() {
            return ResolvedPolicy::Configured(when_full);
        }
        let receivers = self.receivers_that_cannot_wait(exporter);
        if receivers.is_empty() {
            ResolvedPolicy::Waits
        } else {
            ResolvedPolicy::Drops { receivers }
        }
    }

    /// The ids of the receivers that feed an exporter and cannot wait.
    pub(crate) fn receivers_that_cannot_wait(&self, exporter: usize) -> Vec<&str> {
        let feeds = |at: usize| {
            let mut pipelines = self
                .pipelines
                .iter()
                .filter(|one| one.exporters.iter().any(|one| one.index == exporter));
            pipelines.any(|pipeline| pipeline.receivers.iter().any(|one| one.index == at))
        };
        let cannot_wait = |config: &Option<Box<dyn ReceiverConfig>>| {
            config.as_ref().is_some_and(|one| !one.can_wait())
        };
        let receivers = self
            .receivers
            .iter()
            .enumerate()
            .filter(|(at, one)| feeds(*at) && cannot_wait(&one.config));
        receivers.map(|(_, one)| one.id.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::good;

    /// `source` can wait, `source/live` cannot.
    fn resolved(pipelines: &[(&str, &str)], queue: &str) -> Vec<String> {
        let mut text = "[receivers.source]\n[receivers.\"source/live\"]\nlive = true\n".to_owned();
        text += &format!(
            "[receivers.\"source/other\"]\nlive = true\n[exporters.sink]\n{queue}\n[exporters.\"sink/b\"]\n"
        );
        for (at, (receivers, exporters)) in pipelines.iter().enumerate() {
            text += &format!(
                "[service.pipelines.p{at}]\nreceivers = [{receivers}]\nexporters = [{exporters}]\n"
            );
        }
        let config = good(&text);
        (0..config.exporters.len())
            .map(|at| config.when_full(at).to_string())
            .collect()
    }

    #[test]
    fn an_exporter_waits_only_where_every_receiver_can() {
        let plain = "'source'";
        let live = "'source/live'";
        let other = "'source/other'";
        let a = "'sink'";
        let b = "'sink/b'";
        let waits = "when_full: block (auto: every receiver can wait)";
        let drops = "when_full: drop_newest (auto: source/live cannot wait)";
        let both = "when_full: drop_newest (auto: source/live, source/other cannot wait)";
        let all = [(
            "'source', 'source/live', 'source/other'",
            "'sink', 'sink/b'",
        )];
        assert_eq!(resolved(&all, ""), [both, both]);
        let apart = [(plain, a), ("'source/live', 'source'", b), (other, b)];
        assert_eq!(resolved(&apart, ""), [waits, both]);
        let through_another = [(plain, "'sink', 'sink/b'"), (live, b), (other, "'sink/b'")];
        assert_eq!(
            resolved(
                &through_another,
                "queue = { records = 7, when_full = 'auto' }"
            ),
            [waits, both]
        );
        let one_of_two = [(plain, b), (live, a), ("'source/other', 'source'", b)];
        assert_eq!(resolved(&one_of_two, "")[0], drops);
    }

    #[test]
    fn a_configured_policy_does_not_depend_on_the_receivers() {
        let all = [(
            "'source', 'source/live', 'source/other'",
            "'sink', 'sink/b'",
        )];
        for policy in ["block", "drop_newest", "drop_oldest"] {
            let queue = format!("queue = {{ when_full = '{policy}' }}");
            assert_eq!(resolved(&all, &queue)[0], format!("when_full: {policy}"));
        }
    }
}
