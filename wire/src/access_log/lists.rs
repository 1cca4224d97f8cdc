//! Lists and maps that were read whole once and found right: their bytes, which are read again by
//! who needs them.
//!
//! Reading again what was found right does not fail; if it did, the list would end there.

use super::Answer;
use crate::gob::{Error, Reader};
use crate::text::Text;
use std::net::Ipv6Addr;

/// A list of texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Texts<'a>(pub(super) &'a [u8]);

impl<'a> Texts<'a> {
    /// The texts.
    pub fn iter(self) -> impl Iterator<Item = Text<'a>> {
        elements(self.0, |reader| reader.bytes().map(Text))
    }
}

/// A list of numbers of 16 bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers<'a>(pub(super) &'a [u8]);

impl<'a> Numbers<'a> {
    /// The numbers.
    pub fn iter(self) -> impl Iterator<Item = u16> + use<'a> {
        elements(self.0, |reader| {
            Ok(u16::try_from(reader.uint()?).unwrap_or_default())
        })
    }
}

/// A list of addresses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Addresses<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether they are `net.IP`.
    pub(super) are_plain: bool,
}

impl<'a> Addresses<'a> {
    /// The addresses.
    pub fn iter(self) -> impl Iterator<Item = Answer> + use<'a> {
        elements(self.bytes, move |reader| {
            Ok(address(reader.bytes()?, self.are_plain).unwrap_or(Answer::Invalid))
        })
    }
}

/// `net.IP`, which is bytes, or `netip.Addr`, which marshals itself and may have a zone; `None` of
/// another length.
pub(super) fn address(octets: &[u8], is_plain: bool) -> Option<Answer> {
    if octets.is_empty() {
        return Some(Answer::Invalid);
    }
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(Answer::Ip(v4.into()));
    }
    let (v6, zone) = octets.split_first_chunk::<16>()?;
    let v6 = Ipv6Addr::from(*v6);
    match v6.to_ipv4_mapped() {
        _ if is_plain && !zone.is_empty() => None,
        _ if !zone.is_empty() => Some(Answer::zoned(v6, &Text(zone).lossy())),
        Some(v4) if is_plain => Some(Answer::Ip(v4.into())),
        _ => Some(Answer::Ip(v6.into())),
    }
}

/// Reads what a key stands for.
type Read<'a, T> = fn(&mut Reader<'a>) -> Result<T, Error>;

/// A map from texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Map<'a, T> {
    bytes: &'a [u8],
    read: Option<Read<'a, T>>,
}

impl<'a, T> Map<'a, T> {
    /// The keys and what they stand for, as they come: of equal keys, the last one counts in Go.
    pub fn iter(self) -> impl Iterator<Item = (Text<'a>, T)> + use<'a, T> {
        let read = self.read;
        elements(self.bytes, move |reader| {
            let key = Text(reader.bytes()?);
            Ok((key, read.ok_or(Error::MissingValue)?(reader)?))
        })
    }
}

impl<'a, T> Map<'a, T> {
    pub(super) fn bytes(self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> Map<'a, Text<'a>> {
    pub(super) fn of_texts(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            read: Some(|reader| reader.bytes().map(Text)),
        }
    }
}

impl<'a> Map<'a, Texts<'a>> {
    pub(super) fn of_lists(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            read: Some(texts),
        }
    }
}

fn texts<'a>(reader: &mut Reader<'a>) -> Result<Texts<'a>, Error> {
    let start = reader.rest();
    for _ in 0..reader.uint()? {
        reader.bytes()?;
    }
    Ok(Texts(&start[..start.len() - reader.rest().len()]))
}

/// A count, and as many of what `read` reads.
fn elements<'a, T>(
    bytes: &'a [u8],
    read: impl Fn(&mut Reader<'a>) -> Result<T, Error>,
) -> impl Iterator<Item = T> {
    let mut reader = Reader::new(bytes);
    let count = reader.uint().unwrap_or_default();
    (0..count).map_while(move |_| read(&mut reader).ok())
}
