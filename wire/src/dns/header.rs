//! The header of a message: what it is, and how many records it has.

use super::Reason;

/// Its length, which is where the question starts.
pub(super) const HEADER: usize = 12;
/// A root name, type, class, TTL and no data.
const SHORTEST_RECORD: usize = 11;

/// Query, status, notify and update, each as the bit of its number.
const OPCODES: u16 = 1 | 1 << 2 | 1 << 4 | 1 << 5;

mod flag {
    pub(super) const RESPONSE: u16 = 0x8000;
    pub(super) const AUTHORITATIVE: u16 = 0x0400;
    pub(super) const TRUNCATED: u16 = 0x0200;
    pub(super) const RESERVED: u16 = 0x0040;
}

/// A header that a message can have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) id: u16,
    flags: u16,
    pub(super) answers: u16,
    pub(super) authorities: u16,
    pub(super) additionals: u16,
}

impl Header {
    /// Reads the header of a message of `length` bytes.
    #[inline]
    pub(super) fn read(message: &[u8], length: usize) -> Result<Self, Reason> {
        let header: &[u8; HEADER] = message.first_chunk().ok_or(Reason::Truncated)?;
        let field = |at: usize| u16::from_be_bytes([header[2 * at], header[2 * at + 1]]);
        let [id, flags, questions, answers, authorities, additionals] = std::array::from_fn(field);
        let header = Self { id, flags, answers, authorities, additionals };
        if !header.has_possible_flags() {
            return Err(Reason::BadFlags);
        }
        if questions != 1 || !header.has_possible_counts(length) {
            return Err(Reason::BadCounts);
        }
        Ok(header)
    }

    #[inline]
    pub(super) fn is_response(self) -> bool {
        self.flags & flag::RESPONSE != 0
    }

    /// Whether the server left out what did not fit.
    pub(super) fn is_truncated(self) -> bool {
        self.flags & flag::TRUNCATED != 0
    }

    #[inline]
    pub(super) fn opcode(self) -> u8 {
        (self.flags >> 11 & 0x0f) as u8
    }

    #[inline]
    pub(super) fn rcode(self) -> u16 {
        self.flags & 0x0f
    }

    /// Whether an OPT record can hold more bits of the response code than the header's.
    pub(super) fn may_extend_rcode(self) -> bool {
        self.additionals > 0 && self.answers == 0 && self.authorities == 0
    }

    #[inline]
    fn is_plain_query(self) -> bool {
        !self.is_response() & (self.opcode() == 0)
    }

    /// Conditions are added up, here and below, so that what varies from message to message is no branch.
    #[inline]
    fn has_possible_flags(self) -> bool {
        let is_known = OPCODES >> self.opcode() & 1 != 0;
        let is_answered = self.flags & (flag::AUTHORITATIVE | flag::TRUNCATED) != 0;
        // 11 is the highest code that fits the header.
        let is_rcode = self.rcode() <= if self.is_response() { 11 } else { 0 };
        is_known & is_rcode & (self.flags & flag::RESERVED == 0) & !(self.is_plain_query() & is_answered)
    }

    #[inline]
    fn has_possible_counts(self, length: usize) -> bool {
        let records = usize::from(self.answers) + usize::from(self.authorities) + usize::from(self.additionals);
        // A query adds at most a zone's state (IXFR), EDNS, a transaction and a public-key signature.
        let is_query = (self.answers == 0) & (self.authorities <= 1) & (self.additionals <= 3);
        (is_query | !self.is_plain_query()) & (HEADER + records * SHORTEST_RECORD <= length)
    }
}
