//! The message: header, question and records.

use std::net::IpAddr;

use super::reader::Reader;
use super::{Reason, name};

const HEADER: usize = 12;
/// A root name, type, class, TTL and no data.
const SHORTEST_RECORD: usize = 11;
const LONGEST_MESSAGE: usize = 65_535;

mod opcode {
    pub(super) const QUERY: u8 = 0;
    pub(super) const STATUS: u8 = 2;
    pub(super) const NOTIFY: u8 = 4;
    pub(super) const UPDATE: u8 = 5;
}

mod record_type {
    pub(super) const A: u16 = 1;
    pub(super) const CNAME: u16 = 5;
    pub(super) const AAAA: u16 = 28;
    pub(super) const OPT: u16 = 41;
}

/// A DNS message, as far as it was captured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// Matches a response to its query.
    pub id: u16,
    /// Whether this is a response.
    pub response: bool,
    /// 0 query, 2 status, 4 notify, 5 update.
    pub opcode: u8,
    /// Whether the server left out what did not fit (TC).
    pub truncated: bool,
    /// The response code, with the upper bits of the OPT record if that was captured.
    pub rcode: u16,
    /// The question's name in lower case, with a trailing dot.
    pub query: String,
    /// The question's types; there is one question.
    pub qtypes: Vec<u16>,
    /// The types of the answers.
    pub answer_types: Vec<u16>,
    /// The addresses of A and AAAA answers.
    pub ips: Vec<IpAddr>,
    /// The targets of CNAME answers.
    pub cnames: Vec<String>,
    /// The lowest TTL of A, AAAA and CNAME answers, in seconds; `None` if there are none or not all were captured.
    pub ttl: Option<u32>,
    /// Whether every record that the header counts was captured. If not, the lists hold the first ones.
    pub complete: bool,
}

/// What tells a message from others, with the question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// As [`Message::id`].
    pub id: u16,
    /// As [`Message::response`].
    pub response: bool,
    /// As the one in [`Message::qtypes`].
    pub qtype: u16,
}

/// How many records each section has.
struct Counts {
    answers: u16,
    authorities: u16,
    additionals: u16,
}

/// Reads a message of `length` bytes, if that is known, of which `message` was captured.
pub(super) fn read(message: &[u8], length: Option<usize>) -> Result<Message, Reason> {
    let mut reader = Reader::new(message);
    let (mut read, counts) = read_header(&mut reader, length.unwrap_or(LONGEST_MESSAGE))?;
    let qtype = read_question(&mut reader, &mut read.query)?;
    read.qtypes.push(qtype);
    read.complete = match read_records(&mut reader, &mut read, &counts) {
        Ok(()) => true,
        Err(Reason::Truncated) => false,
        Err(malformed) => return Err(malformed),
    };
    Ok(read)
}

/// Reads of a message what tells it from others.
pub(super) fn question(message: &[u8], length: Option<usize>, name: &mut String) -> Result<Question, Reason> {
    let mut reader = Reader::new(message);
    let (Message { id, response, .. }, _) = read_header(&mut reader, length.unwrap_or(LONGEST_MESSAGE))?;
    Ok(Question { id, response, qtype: read_question(&mut reader, name)? })
}

fn read_header(reader: &mut Reader<'_>, length: usize) -> Result<(Message, Counts), Reason> {
    let id = reader.u16()?;
    let [high, low] = *reader.take()?;
    let message = Message {
        id,
        response: high & 0x80 != 0,
        opcode: high >> 3 & 0x0f,
        truncated: high & 0x02 != 0,
        rcode: u16::from(low & 0x0f),
        ..Message::default()
    };
    let authoritative = high & 0x04 != 0;
    let reserved = low & 0x40 != 0;
    check_flags(&message, authoritative, reserved)?;
    let questions = reader.u16()?;
    let counts = Counts { answers: reader.u16()?, authorities: reader.u16()?, additionals: reader.u16()? };
    if questions != 1 {
        return Err(Reason::BadCounts);
    }
    check_counts(&message, &counts, length)?;
    Ok((message, counts))
}

fn check_flags(message: &Message, authoritative: bool, reserved: bool) -> Result<(), Reason> {
    let known_opcode = matches!(message.opcode, opcode::QUERY | opcode::STATUS | opcode::NOTIFY | opcode::UPDATE);
    let plain_query = !message.response && message.opcode == opcode::QUERY;
    let answered = authoritative || message.truncated;
    // 11 is the highest code that fits the header.
    let possible_rcode = message.rcode <= if message.response { 11 } else { 0 };
    if reserved || !known_opcode || !possible_rcode || (plain_query && answered) {
        return Err(Reason::BadFlags);
    }
    Ok(())
}

fn check_counts(message: &Message, counts: &Counts, length: usize) -> Result<(), Reason> {
    let records = usize::from(counts.answers) + usize::from(counts.authorities) + usize::from(counts.additionals);
    // A query adds at most a zone's state (IXFR), EDNS, a transaction and a public-key signature.
    let query_has_answers = !message.response
        && message.opcode == opcode::QUERY
        && (counts.answers > 0 || counts.authorities > 1 || counts.additionals > 3);
    if query_has_answers || HEADER + records * SHORTEST_RECORD > length {
        return Err(Reason::BadCounts);
    }
    Ok(())
}

/// Reads the name into `name`, and returns the type.
fn read_question(reader: &mut Reader<'_>, name: &mut String) -> Result<u16, Reason> {
    name::read_into(reader, name)?;
    name.make_ascii_lowercase();
    let (qtype, class) = (reader.u16()?, reader.u16()?);
    // Internet, Chaos, Hesiod, none, any.
    if qtype == 0 || !matches!(class, 1 | 3 | 4 | 254 | 255) {
        return Err(Reason::BadRecord);
    }
    Ok(qtype)
}

fn read_records(reader: &mut Reader<'_>, message: &mut Message, counts: &Counts) -> Result<(), Reason> {
    let mut lowest_ttl = None;
    for _ in 0..counts.answers {
        let record = Record::read(reader)?;
        if let Some(ttl) = record.answer(message)? {
            lowest_ttl = Some(lowest_ttl.map_or(ttl, |lowest: u32| lowest.min(ttl)));
        }
    }
    message.ttl = lowest_ttl;
    for _ in 0..counts.authorities {
        Record::read(reader)?;
    }
    for _ in 0..counts.additionals {
        let record = Record::read(reader)?;
        if record.kind == record_type::OPT {
            let [upper_bits, ..] = record.ttl.to_be_bytes();
            message.rcode |= u16::from(upper_bits) << 4;
        }
    }
    Ok(())
}

/// A resource record.
struct Record<'a> {
    kind: u16,
    /// In seconds; for OPT it holds the upper bits of the response code.
    ttl: u32,
    data: &'a [u8],
    /// At the data's first byte, since names in it may point back into the message.
    data_reader: Reader<'a>,
}

impl<'a> Record<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Reason> {
        name::skip(reader)?;
        let kind = reader.u16()?;
        let _class = reader.u16()?;
        let ttl = reader.u32()?;
        let len = reader.u16()?;
        let data_reader = *reader;
        Ok(Self { kind, ttl, data: reader.take_len(len.into())?, data_reader })
    }

    /// Adds an answer to the message and returns its TTL if that counts.
    fn answer(&self, message: &mut Message) -> Result<Option<u32>, Reason> {
        match self.kind {
            record_type::A => message.ips.push(self.address::<4>()?.into()),
            record_type::AAAA => message.ips.push(self.address::<16>()?.into()),
            record_type::CNAME => message.cnames.push(self.target()?),
            _ => {
                message.answer_types.push(self.kind);
                return Ok(None);
            }
        }
        message.answer_types.push(self.kind);
        Ok(Some(self.ttl))
    }

    fn address<const N: usize>(&self) -> Result<[u8; N], Reason> {
        self.data.try_into().map_err(|_| Reason::BadRecord)
    }

    fn target(&self) -> Result<String, Reason> {
        let mut reader = self.data_reader;
        let end = reader.at + self.data.len();
        let target = name::read(&mut reader).map_err(|_| Reason::BadName)?;
        if reader.at != end {
            return Err(Reason::BadRecord);
        }
        Ok(target)
    }
}
