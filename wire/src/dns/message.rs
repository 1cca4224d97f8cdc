//! Messages: header, questions and records.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::header::{HEADER, Header};
use super::name::Name;
use super::reader::Reader;
use super::{Extent, Reason, name, record_type};

/// Types of questions, mostly without an allocation.
pub type Qtypes = SmallVec<[u16; 4]>;

/// The class of the Internet.
const INTERNET: u16 = 1;

/// A DNS message, or the captured part of one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The id that relates a response to its query.
    pub id: u16,
    /// Whether the message is a response.
    pub response: bool,
    /// 0 query, 2 status, 4 notify, 5 update; others are obsolete, of stateful operations, or not
    /// assigned.
    pub opcode: u8,
    /// Whether the server truncated the message (TC).
    pub truncated: bool,
    /// The response code, with the upper bits of the OPT record; `None` if such a record may not
    /// have been captured. A code with upper bits (RFC 6891 9: `BADVERS`, RFC 7873 8: `BADCOOKIE`)
    /// only occurs in a response without answers and authorities, so with either the header has the
    /// whole code.
    pub rcode: Option<u16>,
    /// The first question's name in lower case, with a trailing dot; empty without a question.
    pub query: String,
    /// The types of the questions, mostly one.
    pub qtypes: Qtypes,
    /// The types of the answers, in a response to a query.
    pub answer_types: SmallVec<[u16; 8]>,
    /// The addresses of A and AAAA answers in class IN.
    pub ips: SmallVec<[IpAddr; 2]>,
    /// The targets of CNAME answers.
    pub cnames: Vec<String>,
    /// The lowest TTL of the A, AAAA and CNAME answers, in seconds; `None` if there are none, or if
    /// not all were captured.
    pub ttl: Option<u32>,
    /// Whether all answers were captured. If not, the lists contain the first ones. Always set
    /// unless the message is a response to a query.
    pub has_all_answers: bool,
    /// Whether all records were captured.
    pub complete: bool,
}

/// A message whose questions were read. Together with the first question's name, they identify it.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    header: Header,
    extent: Extent,
    qtypes: Qtypes,
    /// At the records.
    reader: Reader<'a>,
}

impl<'a> Question<'a> {
    /// Reads the questions of a message, whose captured part is `message`.
    #[inline]
    pub(super) fn read(message: &'a [u8], extent: Extent, name: &mut Name) -> Result<Self, Reason> {
        let header = Header::read(message, extent)?;
        let mut reader = Reader {
            message,
            at: HEADER,
        };
        let mut qtypes = Qtypes::new();
        if header.questions == 1 {
            name.read(&mut reader)?;
            qtypes.push(read_type(&mut reader)?);
        } else {
            read_questions(&mut reader, header.questions, name, &mut qtypes)?;
        }
        Ok(Self {
            header,
            extent,
            qtypes,
            reader,
        })
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

    /// As [`Message::qtypes`].
    #[must_use]
    #[inline]
    pub fn qtypes(&self) -> &[u16] {
        &self.qtypes
    }

    /// Reads the rest of the message. `name` is the name of its first question.
    ///
    /// # Errors
    ///
    /// A record is malformed, or there are too many bytes after the last one.
    pub fn message(self, name: &Name) -> Result<Message, Reason> {
        let Self {
            header,
            extent,
            qtypes,
            mut reader,
        } = self;
        let mut message = Message {
            id: header.id,
            response: header.is_response(),
            opcode: header.opcode(),
            truncated: header.is_truncated(),
            rcode: Some(header.rcode()),
            query: name.to_text()?,
            qtypes,
            has_all_answers: !header.has_answers(),
            ..Message::default()
        };
        let has_question = header.questions > 0;
        match read_records(&mut reader, &mut message, &header) {
            Ok(()) if extent.may_end_at(reader.at, reader.message, has_question) => {
                message.complete = true
            }
            Ok(()) => return Err(Reason::BadRecord),
            Err(Reason::Truncated) if !extent.may_be_truncated(reader.message, has_question) => {
                return Err(Reason::Truncated);
            }
            Err(Reason::Truncated) if header.may_extend_rcode() => message.rcode = None,
            Err(Reason::Truncated) => {}
            Err(malformed) => return Err(malformed),
        }
        Ok(message)
    }
}

/// Reads `count` questions, and the first one's name into `name`.
#[cold]
fn read_questions(
    reader: &mut Reader<'_>,
    count: u16,
    name: &mut Name,
    qtypes: &mut Qtypes,
) -> Result<(), Reason> {
    name.clear();
    for at in 0..count {
        if at == 0 {
            name.read(reader)?;
        } else {
            name::skip(reader)?;
        }
        qtypes.push(read_type(reader)?);
    }
    Ok(())
}

/// Reads type and class of a question, and returns the type.
#[inline]
fn read_type(reader: &mut Reader<'_>) -> Result<u16, Reason> {
    let qtype = reader.u16()?;
    let class = reader.u16()?;
    // Internet, Chaos, Hesiod, none, any.
    if qtype == 0 || !matches!(class, 1 | 3 | 4 | 254 | 255) {
        return Err(Reason::BadRecord);
    }
    Ok(qtype)
}

fn read_records(
    reader: &mut Reader<'_>,
    message: &mut Message,
    header: &Header,
) -> Result<(), Reason> {
    let mut lowest_ttl = None;
    for _ in 0..header.answers {
        let record = Record::read(reader)?;
        if header.has_answers()
            && let Some(ttl) = record.answer(message)?
        {
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
    class: u16,
    /// In seconds. Of OPT, the upper bits of the response code.
    ttl: u32,
    data: &'a [u8],
    /// At the first byte of the data. Names in the data may point into the message.
    data_reader: Reader<'a>,
}

impl<'a> Record<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Reason> {
        name::skip(reader)?;
        let kind = reader.u16()?;
        let class = reader.u16()?;
        let ttl = reader.u32()?;
        let len = reader.u16()?;
        let data_reader = *reader;
        Ok(Self {
            kind,
            class,
            ttl,
            data: reader.take_len(len.into())?,
            data_reader,
        })
    }

    /// Adds an answer to the message, and returns its TTL if it counts for the lowest one.
    /// Addresses of other classes than Internet have other forms.
    fn answer(&self, message: &mut Message) -> Result<Option<u32>, Reason> {
        match self.kind {
            record_type::A if self.class == INTERNET => {
                message.ips.push(self.address::<4>()?.into())
            }
            record_type::AAAA if self.class == INTERNET => {
                message.ips.push(self.address::<16>()?.into())
            }
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
