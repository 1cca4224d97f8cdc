//! Reasons to refuse an event, with upstream's messages and the labels of counters.

use std::fmt;

use crate::label::labels;

/// A reason of [`parse`](super::parse) to refuse an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// `Payload.Data` has no byte.
    #[error("empty data")]
    EmptyData,
    /// The event is shorter than its header.
    #[error("unexpected {event} data length{bound} {expected} but got {len}")]
    EventTooShort {
        /// The upstream name of the structure.
        event: &'static str,
        /// The kind of bound that `expected` is.
        bound: Bound,
        /// The length that the header needs, in bytes.
        expected: usize,
        /// The length of the event, in bytes.
        len: usize,
    },
    /// The layout version is newer than all known ones, so the fields after it are unknown.
    #[error("Unrecognized {event} event (version {version})")]
    UnknownEventVersion {
        /// `drop` or `trace`.
        event: &'static str,
        /// The version byte.
        version: u8,
    },
}

labels! {
    Reason {
        Reason::EmptyData => "empty_data",
        Reason::EventTooShort { .. } => "event_too_short",
        Reason::UnknownEventVersion { .. } => "unknown_event_version",
    }
}

/// The wording of the expected length in upstream's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The structure has one length.
    Exactly,
    /// The shortest of the structure's versions.
    AtLeast,
    /// The length of this version.
    AtLeastFor(u8),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly => f.write_str(", expected"),
            Self::AtLeast => f.write_str(", expected at least"),
            Self::AtLeastFor(version) => write!(f, " (version {version}), expected at least"),
        }
    }
}
