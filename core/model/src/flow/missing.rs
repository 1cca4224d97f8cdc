//! Which parts of a message the capture lacks.

/// A part of a message that a capture can lack. What a flow says about such a part is what was
/// captured of it, never all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessagePart {
    /// The answers of a DNS response: its addresses, canonical names and record types are the first
    /// ones at most, and its time to live is not known.
    Answers = 1 << 0,
    /// The response code of a DNS response: its upper bits are in a record behind the answers.
    Rcode = 1 << 1,
    /// Authority and additional records of a DNS message, of which a flow says nothing but the
    /// response code.
    Records = 1 << 2,
    /// Headers of an HTTP message: those on the flow are the first ones.
    Headers = 1 << 3,
}

impl MessagePart {
    /// All parts, in the order in which they are listed.
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

/// The parts of a message that were not captured, because the datapath cut the packet (its default
/// capture length is 128 bytes) or the rest is in another TCP segment. Messages that proxies report
/// are whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing(u8);

impl Missing {
    /// Nothing is missing.
    pub const NOTHING: Self = Self(0);

    /// These parts, and one more.
    #[must_use]
    pub const fn and(self, part: MessagePart) -> Self {
        Self(self.0 | part as u8)
    }

    /// Whether a part is missing.
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
    fn every_part_has_a_place_of_its_own() {
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
