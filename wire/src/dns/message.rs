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
    /// The response code, with the upper bits of the OPT record; `None` where such a record may be missing. A code that
    /// has upper bits (RFC 6891 9: `BADVERS`, RFC 7873 8: `BADCOOKIE`) comes in a response that has neither answers nor
    /// authorities, so with either the header's code is all of it.
    pub rcode: Option<u16>,
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
    /// Whether every answer that the header counts was captured. If not, the lists hold the first ones.
    pub has_all_answers: bool,
    /// Whether every record that the header counts was captured.
    pub complete: bool,
}

/// A message of which the question was read: with the question's name, what tells it from others.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    header: Header,
    qtype: u16,
    /// Behind the question.
    reader: Reader<'a>,
}

impl<'a> Question<'a> {
    /// Reads the question of a message of `length` bytes, if that is known, of which `message` was captured.
    #[inline]
    pub(super) fn read(message: &'a [u8], length: Option<usize>, name: &mut Name) -> Result<Self, Reason> {
        let header = Header::read(message, length.unwrap_or(LONGEST_MESSAGE))?;
        let mut reader = Reader { message, at: HEADER };
        Ok(Self { header, qtype: read_question(&mut reader, name)?, reader })
    }

    /// As [`Message::id`].
    #[must_use]
    #[inline]
    pub fn id(&self) -> u16 {
        self.header.id
    }

    /// As [`Message::response`].
    #[must_use]
    #[inline]
    pub fn is_response(&self) -> bool {
        self.header.is_response()
    }

    /// As [`Message::qtype`].
    #[must_use]
    #[inline]
    pub fn qtype(&self) -> u16 {
        self.qtype
    }

    /// Reads the rest of the message, whose question asks for `name`.
    ///
    /// # Errors
    ///
    /// A record is malformed.
    pub fn message(self, name: &Name) -> Result<Message, Reason> {
        let Self { header, qtype, mut reader } = self;
        let mut message = Message {
            id: header.id,
            response: header.is_response(),
            opcode: header.opcode(),
            truncated: header.is_truncated(),
            rcode: Some(header.rcode()),
            query: name.to_text()?,
            qtype,
            ..Message::default()
        };
        match read_records(&mut reader, &mut message, &header) {
            Ok(()) => message.complete = true,
            Err(Reason::Truncated) if header.may_extend_rcode() => message.rcode = None,
            Err(Reason::Truncated) => {}
            Err(malformed) => return Err(malformed),
        }
        Ok(message)
    }
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
    message.has_all_answers = true;
    for _ in 0..header.authorities {
        Record::read(reader)?;
    }
    for _ in 0..header.additionals {
        let record = Record::read(reader)?;
        if record.kind == record_type::OPT {
            let [upper_bits, ..] = record.ttl.to_be_bytes();
            message.rcode = Some(header.rcode() | u16::from(upper_bits) << 4);
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
