//! Which records that are otherwise never dropped a filter names.

use tidegate_filter::FlowFilter;
use tidegate_model::flow::{Flow, Verdict, message_type};
use tidegate_model::{Kind, Record};

/// Records that are dropped only if a filter names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamedClass {
    /// Flows with verdict DROPPED.
    Drops,
    /// Flows with verdict AUDIT.
    Audits,
    /// Flows with verdict ERROR.
    Errors,
    /// Events of the Cilium agent.
    AgentEvents,
    /// Debug messages.
    DebugEvents,
}

impl NamedClass {
    pub(super) const ALL: [Self; 5] = [
        Self::Drops,
        Self::Audits,
        Self::Errors,
        Self::AgentEvents,
        Self::DebugEvents,
    ];

    /// The class of a record; `None` if it is in none.
    pub(super) fn of(record: &Record) -> Option<Self> {
        match (record, record.kind()) {
            (Record::Flow(Flow { verdict, .. }), _) => Self::ALL
                .into_iter()
                .find(|class| class.verdict() == Some(*verdict)),
            (_, Kind::AgentEvent) => Some(Self::AgentEvents),
            (_, Kind::DebugEvent) => Some(Self::DebugEvents),
            _ => None,
        }
    }

    /// Whether a filter names these records: by their verdict or by the type of their events, or by
    /// drop reasons. One that matches them without that, such as a filter of ports, does not.
    pub(super) fn is_named_by(self, filter: &FlowFilter) -> bool {
        let verdict = self.verdict().map(|verdict| verdict as i32);
        filter.verdict.iter().any(|number| Some(*number) == verdict)
            || (self == Self::Drops && !filter.drop_reason_desc.is_empty())
            || filter
                .event_type
                .iter()
                .any(|of| Some(of.event_type) == self.event_type())
    }

    fn verdict(self) -> Option<Verdict> {
        match self {
            Self::Drops => Some(Verdict::Dropped),
            Self::Audits => Some(Verdict::Audit),
            Self::Errors => Some(Verdict::Error),
            Self::AgentEvents | Self::DebugEvents => None,
        }
    }

    /// The type of events that are all in this class.
    fn event_type(self) -> Option<i32> {
        match self {
            Self::Drops => Some(message_type::DROP.into()),
            Self::AgentEvents => Some(message_type::AGENT.into()),
            Self::DebugEvents => Some(message_type::DEBUG.into()),
            Self::Audits | Self::Errors => None,
        }
    }
}
