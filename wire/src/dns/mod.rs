//! DNS messages in UDP and TCP payloads, whole or cut short by the capture.
//!
//! Reads RFC 1035 messages into what Cilium's DNS proxy logs (`ExtractMsgDetails` in `pkg/fqdn/dnsproxy`, 1.19.4):
//! query, addresses, CNAMEs, lowest TTL, types and codes. It is strict, since whatever talks on port 53 comes here:
//! what cannot be a DNS message is refused. It is lenient towards the end: a message that stops early gives the
//! records that are whole and says so. Nothing is guessed, resolved or reassembled.

mod header;
mod message;
mod name;
mod reader;
mod reason;
mod usual;

pub use message::{Message, Question};
pub use name::Name;
pub use reason::Reason;

/// Reads the message that a UDP payload is.
///
/// # Errors
///
/// The bytes are no DNS message, or end before its question does.
pub fn parse_udp(payload: &[u8]) -> Result<Message, Reason> {
    let mut name = Name::default();
    question_udp(payload, &mut name)?.message(&name)
}

/// Reads the question of the message that a UDP payload is, its name into `name`. That is a fraction of the whole,
/// whose records may still turn out to be malformed.
///
/// # Errors
///
/// As [`parse_udp`] before the first record.
pub fn question_udp<'a>(payload: &'a [u8], name: &mut Name) -> Result<Question<'a>, Reason> {
    Question::read(payload, None, name)
}

/// Reads the first message of a TCP payload, which starts with its length. Segments in the middle of a message are
/// refused as far as their bytes betray them.
///
/// # Errors
///
/// The bytes are no DNS message, or end before its question does.
pub fn parse_tcp(payload: &[u8]) -> Result<Message, Reason> {
    let mut name = Name::default();
    question_tcp(payload, &mut name)?.message(&name)
}

/// Reads the question of the first message of a TCP payload, as [`question_udp`].
///
/// # Errors
///
/// As [`parse_tcp`] before the first record.
pub fn question_tcp<'a>(payload: &'a [u8], name: &mut Name) -> Result<Question<'a>, Reason> {
    let (message, length) = first_of_tcp(payload)?;
    Question::read(message, Some(length), name)
}

/// What was captured of a message, and its length.
fn first_of_tcp(payload: &[u8]) -> Result<(&[u8], usize), Reason> {
    let (&length, rest) = payload.split_first_chunk().ok_or(Reason::Truncated)?;
    let length = usize::from(u16::from_be_bytes(length));
    Ok((&rest[..length.min(rest.len())], length))
}
