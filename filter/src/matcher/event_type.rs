//! Filters of event types.

use tidegate_model::Record;
use tidegate_model::flow::{Flow, message_type};
use tidegate_model::record::{AgentEvent, DebugEvent, Event};

use crate::EventTypeFilter;

/// Types of events; one of them has to match.
#[derive(Debug)]
pub(super) struct EventTypes {
    /// The types that match with any sub-type, a bit for each.
    whole: [u64; 4],
    /// Types that match with one sub-type.
    with_sub_type: Box<[EventTypeFilter]>,
}

/// The first message type that does not come from the datapath, so that its second byte is no
/// sub-type.
const FIRST_OF_AGENT: u8 = message_type::ACCESS_LOG;

impl EventTypes {
    pub(super) fn new(filters: &[EventTypeFilter]) -> Self {
        let mut whole = [0; 4];
        let mut with_sub_type = Vec::new();
        for filter in filters {
            if filter.match_sub_type {
                with_sub_type.push(*filter);
            } else if filter.event_type == 0 {
                whole = [u64::MAX; 4];
            } else if let Ok(number) = u8::try_from(filter.event_type) {
                whole[usize::from(number >> 6)] |= 1 << (number & 63);
            }
        }
        Self {
            whole,
            with_sub_type: with_sub_type.into(),
        }
    }

    #[inline]
    pub(super) fn matches(&self, flow: &Flow) -> bool {
        self.has(flow.message_type, Some(flow.sub_type.into()))
    }

    /// Whether a record other than a flow matches.
    pub(super) fn matches_other(&self, record: &Record, bytes: &[u8]) -> bool {
        match record {
            Record::Event(Event { data, .. }) => match data.of(bytes) {
                [number @ ..FIRST_OF_AGENT, sub_type, ..] => {
                    self.has(*number, Some((*sub_type).into()))
                }
                [number, ..] => self.has(*number, None),
                [] => false,
            },
            Record::AgentEvent(event) => {
                let AgentEvent { event_type, .. } = &**event;
                self.has(message_type::AGENT, Some(*event_type as i32))
            }
            Record::DebugEvent(DebugEvent { event_type, .. }) => {
                self.has(message_type::DEBUG, Some(event_type.0.into()))
            }
            Record::Lost(_) => true,
            Record::Flow(_) | Record::Frame(_) | Record::Metric(_) | Record::Names(_) => false,
        }
    }

    #[inline]
    fn has(&self, number: u8, sub_type: Option<i32>) -> bool {
        self.whole[usize::from(number >> 6)] >> (number & 63) & 1 == 1
            || self.with_sub_type.iter().any(|filter| {
                (filter.event_type == 0 || filter.event_type == i32::from(number))
                    && Some(filter.sub_type) == sub_type
            })
    }
}
