//! Kinds of records, and sets of them, which describe the input and output of stages.

/// The kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// [`super::Record::Frame`]
    Frame,
    /// [`super::Record::Event`]
    Event,
    /// [`super::Record::Flow`]
    Flow,
    /// [`super::Record::AgentEvent`]
    AgentEvent,
    /// [`super::Record::DebugEvent`]
    DebugEvent,
    /// [`super::Record::Lost`]
    Lost,
    /// [`super::Record::Metric`]
    Metric,
    /// [`super::Record::Names`]
    Names,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Frame,
        Self::Event,
        Self::Flow,
        Self::AgentEvent,
        Self::DebugEvent,
        Self::Lost,
        Self::Metric,
        Self::Names,
    ];

    /// The names of all kinds, in the same order.
    pub const NAMES: [&'static str; Self::ALL.len()] = [
        "frames",
        "events",
        "flows",
        "agent_events",
        "debug_events",
        "lost",
        "metrics",
        "names",
    ];

    /// The name in configuration and documentation.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// A set of [`Kind`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// No kind.
    pub const NONE: Self = Self(0);

    /// All kinds.
    pub const ALL: Self = Self::of(&Kind::ALL);

    /// The set of the given kinds.
    #[must_use]
    pub const fn of(kinds: &[Kind]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < kinds.len() {
            bits |= 1 << kinds[i] as u8;
            i += 1;
        }
        Self(bits)
    }

    /// Whether `kind` is in the set.
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// The kinds in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The kinds in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds in this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds in the set, in declaration order.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL
            .into_iter()
            .filter(move |kind| self.contains(*kind))
    }
}

impl std::fmt::Display for Kinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, kind) in self.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            f.write_str(kind.name())?;
        }
        Ok(())
    }
}
