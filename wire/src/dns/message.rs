//! The message: header, question and records.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::header::{HEADER, Header};
use super::name::Name;
use super::reader::Reader;
use super::{Reason, name};

const LONGEST_MESSAGE: usize = 65_535;

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
    /// The question's type; there is one question.
    pub qtype: u16,
    /// The types of the answers.
    pub answer_types: SmallVec<[u16; 8]>,
    /// The addresses of A and AAAA answers.
    pub ips: SmallVec<[IpAddr; 2]>,
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
    /// As [`Message::qtype`].
    pub qtype: u16,
}

/// Reads a message of `length` bytes, if that is known, of which `message` was captured.
pub(super) fn read(message: &[u8], length: Option<usize>) -> Result<Message, Reason> {
    let (header, mut reader) = open(message, length)?;
    let mut query = Name::default();
    let qtype = read_question(&mut reader, &mut query)?;
    let mut read = Message {
        id: header.id,
        response: header.is_response(),
        opcode: header.opcode(),
        truncated: header.is_truncated(),
        rcode: header.rcode(),
        query: query.to_text()?,
        qtype,
        ..Message::default()
    };
    read.complete = match read_records(&mut reader, &mut read, &header) {
        Ok(()) => true,
        Err(Reason::Truncated) => false,
        Err(malformed) => return Err(malformed),
    };
    Ok(read)
}

/// Reads of a message what tells it from others.
#[inline]
pub(super) fn question(message: &[u8], length: Option<usize>, name: &mut Name) -> Result<Question, Reason> {
    let (header, mut reader) = open(message, length)?;
    Ok(Question { id: header.id, response: header.is_response(), qtype: read_question(&mut reader, name)? })
}

/// The header, and what is behind it.
#[inline]
fn open(message: &[u8], length: Option<usize>) -> Result<(Header, Reader<'_>), Reason> {
    Ok((Header::read(message, length.unwrap_or(LONGEST_MESSAGE))?, Reader { message, at: HEADER }))
}

/// Reads the name into `name`, and returns the type.
#[inline]
fn read_question(reader: &mut Reader<'_>, name: &mut Name) -> Result<u16, Reason> {
    name.read(reader)?;
    let (qtype, class) = (reader.u16()?, reader.u16()?);
    // Internet, Chaos, Hesiod, none, any.
    if qtype == 0 || !matches!(class, 1 | 3 | 4 | 254 | 255) {
        return Err(Reason::BadRecord);
    }
    Ok(qtype)
}

fn read_records(reader: &mut Reader<'_>, message: &mut Message, header: &Header) -> Result<(), Reason> {
    let mut lowest_ttl = None;
    for _ in 0..header.answers {
        let record = Record::read(reader)?;
        if let Some(ttl) = record.answer(message)? {
            lowest_ttl = Some(lowest_ttl.map_or(ttl, |lowest: u32| lowest.min(ttl)));
        }
    }
    message.ttl = lowest_ttl;
    for _ in 0..header.authorities {
        Record::read(reader)?;
    }
    for _ in 0..header.additionals {
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

    /// Adds an answer to the message and returns its TTL if that header.
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
