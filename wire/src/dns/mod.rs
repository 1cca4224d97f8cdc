//! DNS messages in UDP and TCP payloads, whole or cut short by the capture.
//!
//! Reads RFC 1035 messages into what Cilium's DNS proxy logs (`ExtractMsgDetails` in
//! `pkg/fqdn/dnsproxy`, 1.19.4): query, addresses, CNAMEs, lowest TTL, types and codes. Whatever
//! talks on port 53 comes here, so what cannot be a message is refused: by counts that do not fit
//! its length, malformed names and records, and question classes that are not assigned. Where a
//! message's start is a guess, in a TCP segment that ends before its first message does, the flags
//! have to be usual ones, too. A message that stops early gives the records that are whole and says
//! so. Nothing is guessed, resolved or reassembled.

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

/// How long a message is, as far as that is known.
#[derive(Debug, Clone, Copy)]
enum Extent {
    /// A datagram, which may have been cut.
    Datagram,
    /// So many bytes in a TCP stream.
    Stream(usize),
}

impl Extent {
    /// The length at most.
    #[inline]
    fn length(self) -> usize {
        match self {
            Self::Datagram => usize::from(u16::MAX),
            Self::Stream(length) => length,
        }
    }

    /// Whether bytes that end before the message does may be no message at all: a segment can begin
    /// in the middle of one.
    #[inline]
    fn is_doubtful(self, message: &[u8]) -> bool {
        matches!(self, Self::Stream(length) if message.len() < length)
    }

    /// Whether a message that ends behind its bytes was cut; else it is none. What has no question
    /// is a message for sure only as a whole.
    fn may_go_on(self, message: &[u8], has_question: bool) -> bool {
        has_question && (matches!(self, Self::Datagram) || self.is_doubtful(message))
    }

    /// Whether a message that ends here is one: a whole one in a stream, or one without a question,
    /// ends where its bytes do.
    fn may_end_at(self, at: usize, message: &[u8], has_question: bool) -> bool {
        match self {
            Self::Datagram => has_question || at == message.len(),
            Self::Stream(length) => at == length,
        }
    }
}

/// Reads the message that a UDP payload is.
///
/// # Errors
///
/// The bytes are no DNS message, or end before its question does.
pub fn parse_udp(payload: &[u8]) -> Result<Message, Reason> {
    let mut name = Name::default();
    question_udp(payload, &mut name)?.message(&name)
}

/// Reads the question of the message that a UDP payload is, its name into `name`. That is a
/// fraction of the whole, whose records may still turn out to be malformed.
///
/// # Errors
///
/// As [`parse_udp`] before the first record.
#[inline]
pub fn question_udp<'a>(payload: &'a [u8], name: &mut Name) -> Result<Question<'a>, Reason> {
    Question::read(payload, Extent::Datagram, name)
}

/// Reads the first message of a TCP payload, which starts with its length. Payloads that start in
/// the middle of a message are refused as far as their bytes show it.
///
/// # Errors
///
/// The bytes are no DNS message, or end before its question does.
pub fn parse_tcp(payload: &[u8]) -> Result<Message, Reason> {
    let mut name = Name::default();
    let segment = Segments::new(payload).next().ok_or(Reason::Truncated)?;
    segment?.question(&mut name)?.message(&name)
}
