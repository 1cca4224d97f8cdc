//! DNS messages in UDP and TCP payloads, complete or truncated by the capture.
//!
//! Decodes RFC 1035 messages into the details that Cilium's DNS proxy logs (`ExtractMsgDetails` in
//! `pkg/fqdn/dnsproxy`, 1.19.4): query, addresses, CNAMEs, lowest TTL, types and codes.
//!
//! Other protocols use port 53, too, so impossible messages are refused: counts that do not fit the
//! length, malformed names and records, and question classes that are not assigned. The start of a
//! message is uncertain in a TCP segment that ends before its first message; there the flags have
//! to be common ones, too. A truncated message yields its complete records and is marked as
//! incomplete. Nothing is resolved or reassembled.

mod fast_path;
mod header;
mod message;
mod name;
mod reader;
mod reason;
pub mod record_type;
mod stream;

pub use message::{Message, Qtypes, Question};
pub use name::Name;
pub use reason::Reason;
pub use stream::{Segment, Segments};

/// What is known of the length of a message.
#[derive(Debug, Clone, Copy)]
enum Extent {
    /// A datagram, which may be truncated.
    Datagram,
    /// A message with this number of bytes in a TCP stream.
    Stream(usize),
}

impl Extent {
    /// The maximum length.
    #[inline]
    fn length(self) -> usize {
        match self {
            Self::Datagram => usize::from(u16::MAX),
            Self::Stream(length) => length,
        }
    }

    /// Whether the bytes end before the message does, so that they may not be a message: a segment
    /// can start in the middle of one.
    #[inline]
    fn is_start_uncertain(self, message: &[u8]) -> bool {
        matches!(self, Self::Stream(length) if message.len() < length)
    }

    /// Whether bytes that end before their records do are a truncated message. Without a question,
    /// only a complete message is certain to be one.
    fn may_be_truncated(self, message: &[u8], has_question: bool) -> bool {
        has_question && (matches!(self, Self::Datagram) || self.is_start_uncertain(message))
    }

    /// Whether a message may end at `at`. One in a stream ends where the stream says, and one
    /// without a question where its bytes end.
    fn may_end_at(self, at: usize, message: &[u8], has_question: bool) -> bool {
        match self {
            Self::Datagram => has_question || at == message.len(),
            Self::Stream(length) => at == length,
        }
    }
}

/// Decodes a UDP payload.
///
/// # Errors
///
/// The bytes are not a DNS message, or end inside its question.
pub fn parse_udp(payload: &[u8]) -> Result<Message, Reason> {
    let mut name = Name::default();
    question_udp(payload, &mut name)?.message(&name)
}

/// Reads only the question of a UDP payload, and its name into `name`. That costs a fraction of
/// [`parse_udp`]. The records may still be malformed.
///
/// # Errors
///
/// As [`parse_udp`] before the first record.
#[inline]
pub fn question_udp<'a>(payload: &'a [u8], name: &mut Name) -> Result<Question<'a>, Reason> {
    Question::read(payload, Extent::Datagram, name)
}

/// Decodes the first message of a TCP payload, which starts with its length. A payload that starts
/// in the middle of a message is refused if that can be determined.
///
/// # Errors
///
/// The bytes are not a DNS message, or end inside its question.
pub fn parse_tcp(payload: &[u8]) -> Result<Message, Reason> {
    let mut name = Name::default();
    let segment = Segments::new(payload).next().ok_or(Reason::Truncated)?;
    segment?.question(&mut name)?.message(&name)
}
