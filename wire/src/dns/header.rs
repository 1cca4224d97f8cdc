//! The header of a message.

use super::{Extent, Reason};

/// Length of the header in bytes, which is the position of the first question.
pub(super) const HEADER: usize = 12;
/// Length of the shortest question: a root name, type and class.
const SHORTEST_QUESTION: usize = 5;
/// Length of the shortest record: a root name, type, class, TTL and no data.
const SHORTEST_RECORD: usize = 11;

/// Operation code of a query, whose response holds answers.
const QUERY: u8 = 0;
/// The bits of query, status, notify and update.
const COMMON_OPCODES: u16 = 1 | 1 << 2 | 1 << 4 | 1 << 5;

mod flag {
    pub(super) const RESPONSE: u16 = 0x8000;
    pub(super) const AUTHORITATIVE: u16 = 0x0400;
    pub(super) const TRUNCATED: u16 = 0x0200;
    pub(super) const RESERVED: u16 = 0x0040;
}

/// A valid header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) id: u16,
    flags: u16,
    pub(super) questions: u16,
    pub(super) answers: u16,
    pub(super) authorities: u16,
    pub(super) additionals: u16,
}

impl Header {
    /// Reads and checks the header of a message.
    #[inline]
    pub(super) fn read(message: &[u8], extent: Extent) -> Result<Self, Reason> {
        let header: &[u8; HEADER] = message.first_chunk().ok_or(Reason::Truncated)?;
        let field = |at: usize| u16::from_be_bytes([header[2 * at], header[2 * at + 1]]);
        let [id, flags, questions, answers, authorities, additionals] = std::array::from_fn(field);
        let header = Self {
            id,
            flags,
            questions,
            answers,
            authorities,
            additionals,
        };
        if !header.fits(extent.length()) {
            return Err(Reason::BadCounts);
        }
        if questions == 0 && !header.may_lack_question() {
            return Err(Reason::BadCounts);
        }
        if extent.is_start_uncertain(message) && !header.is_common() {
            return Err(Reason::BadFlags);
        }
        Ok(header)
    }

    #[inline]
    pub(super) fn is_response(self) -> bool {
        self.flags & flag::RESPONSE != 0
    }

    /// Whether the answer section contains answers. In an IXFR query it contains a zone's state, in
    /// an update prerequisites.
    #[inline]
    pub(super) fn has_answers(self) -> bool {
        self.is_response() & (self.opcode() == QUERY)
    }

    /// Whether the server truncated the message.
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

    /// Whether an OPT record can contain further bits of the response code.
    pub(super) fn may_extend_rcode(self) -> bool {
        self.additionals > 0 && self.answers == 0 && self.authorities == 0
    }

    /// Whether the questions and records fit into `length` bytes.
    #[inline]
    fn fits(self, length: usize) -> bool {
        let records = usize::from(self.answers)
            + usize::from(self.authorities)
            + usize::from(self.additionals);
        HEADER + usize::from(self.questions) * SHORTEST_QUESTION + records * SHORTEST_RECORD
            <= length
    }

    /// Whether the message may have no question, like later messages of a zone transfer (RFC 5936
    /// 2.2.1), some error responses and queries for a cookie (RFC 7873 5.4).
    fn may_lack_question(self) -> bool {
        self.is_common_opcode() && (self.is_response() || self.additionals > 0)
    }

    #[inline]
    fn is_common_opcode(self) -> bool {
        COMMON_OPCODES >> self.opcode() & 1 != 0
    }

    /// Whether the flags are common ones: an assigned operation, no reserved bit, and no flag in a
    /// query that only responses have.
    fn is_common(self) -> bool {
        let has_response_flags = self.flags & (flag::AUTHORITATIVE | flag::TRUNCATED) != 0;
        let is_query = !self.is_response() && self.opcode() == QUERY;
        // 11 is the highest code that fits the header.
        let is_rcode = self.rcode() <= if self.is_response() { 11 } else { 0 };
        self.is_common_opcode()
            && is_rcode
            && self.flags & flag::RESERVED == 0
            && !(is_query && has_response_flags)
    }
}
