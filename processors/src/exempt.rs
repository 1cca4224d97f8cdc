//! Flows that `filter` and `sample` pass on unless they are named: those that report trouble.

use tidegate_model::flow::Verdict;

tidegate_runtime::config_choice! {
    /// Flows that are removed only if they are named.
    pub enum Exempt {
        /// Flows with verdict DROPPED, of which policy denials are a part.
        Drops = "drops",
        /// Flows with verdict AUDIT, which a policy would deny if it were enforced.
        Audits = "audits",
        /// Flows with verdict ERROR, which a proxy failed to handle.
        Errors = "errors",
    }
}

impl Exempt {
    const ALL: [Self; 3] = [Self::Drops, Self::Audits, Self::Errors];

    /// The verdict of these flows.
    pub(crate) const fn verdict(self) -> Verdict {
        match self {
            Self::Drops => Verdict::Dropped,
            Self::Audits => Verdict::Audit,
            Self::Errors => Verdict::Error,
        }
    }
}

/// A set of verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdicts(u8);

impl Verdicts {
    /// The verdicts whose flows are exempt, without those that are named.
    pub(crate) fn exempt_except(named: &[Exempt]) -> Self {
        Exempt::ALL
            .iter()
            .filter(|exempt| !named.contains(exempt))
            .fold(Self::default(), |set, exempt| set.with(exempt.verdict()))
    }

    fn with(self, verdict: Verdict) -> Self {
        Self(self.0 | 1 << verdict as u8)
    }

    /// Whether the set has a verdict.
    #[inline]
    pub(crate) fn contains(self, verdict: Verdict) -> bool {
        self.0 >> verdict as u8 & 1 != 0
    }
}
