//! Parts of messages that were not captured.

/// A part of a message that can be missing from a capture. The flow then has only what was captured
/// of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessagePart {
    /// Answers of a DNS response: addresses, canonical names and record types are incomplete, and
    /// the time to live is not known.
    Answers = 1 << 0,
    /// Response code of a DNS response, whose upper bits are in a record behind the answers.
    Rcode = 1 << 1,
    /// Authority and additional records of a DNS message. A flow contains only the response code of
    /// them.
    Records = 1 << 2,
    /// Headers of an HTTP message: the flow has the first ones only.
    Headers = 1 << 3,
}

impl MessagePart {
    /// All parts, in the order in which they are printed.
    pub const ALL: [Self; 4] = [Self::Answers, Self::Rcode, Self::Records, Self::Headers];

    /// The name in JSON, OTLP and summaries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Rcode => "rcode",
            Self::Records => "records",
            Self::Headers => "headers",
        }
    }
}

/// The parts of a message that were not captured, because the datapath truncated the packet (its
/// default capture length is 128 bytes) or the rest is in another TCP segment. Messages reported by
/// proxies are complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing(u8);

impl Missing {
    /// Nothing is missing.
    pub const NOTHING: Self = Self(0);

    /// Adds a part.
    #[must_use]
    pub const fn and(self, part: MessagePart) -> Self {
        Self(self.0 | part as u8)
    }

    /// Whether `part` is missing.
    #[must_use]
    pub const fn has(self, part: MessagePart) -> bool {
        self.0 & part as u8 != 0
    }

    /// Whether the message is complete.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// The names of the missing parts.
    pub fn names(self) -> impl Iterator<Item = &'static str> + Clone {
        MessagePart::ALL
            .into_iter()
            .filter(move |part| self.has(*part))
            .map(MessagePart::name)
    }
}

#[cfg(test)]
mod tests {
    use super::{MessagePart, Missing};

    #[test]
    fn every_part_has_a_separate_bit() {
        let all = MessagePart::ALL
            .into_iter()
            .fold(Missing::NOTHING, Missing::and);
        assert_eq!(
            Vec::from_iter(all.names()),
            ["answers", "rcode", "records", "headers"]
        );
        for part in MessagePart::ALL {
            let missing = Missing::NOTHING.and(part);
            assert_eq!(Vec::from_iter(missing.names()), [part.name()]);
            assert!(!missing.is_nothing());
        }
        assert!(Missing::NOTHING.is_nothing());
    }
}
