//! Names: labels and compression pointers, as text in the presentation form of RFC 1035 5.1 and RFC
//! 4343 2.1.
//!
//! A label can contain any byte (RFC 2181 11). Bytes are escaped as by Cilium's DNS library
//! (`UnpackDomainName` of cilium/dns, 1.1.51): ``. '@;()"\`` and the space with a backslash, bytes
//! that are not printable ASCII as `\DDD` in decimal.

use super::header::HEADER;
use super::reader::{MAX_NAME, Reader};
use super::{Reason, fast_path};

/// Maximum number of pointers in one name: `maxCompressionPointers` of Cilium's DNS library.
const MAX_POINTERS: usize = 126;

/// The class of each byte of a label, as bits, so that the class of a whole label is their union.
mod class {
    /// The byte has to be escaped.
    pub(super) const ESCAPED: u8 = 1;

    /// The class by byte.
    pub(super) static OF: [u8; 256] = {
        let mut of = [ESCAPED; 256];
        let mut byte = 0;
        while byte < 256 {
            // `u8::try_from` is not const yet; the loop ends at 256.
            let value = byte as u8;
            if value.is_ascii_alphanumeric() || value == b'-' || value == b'_' {
                of[byte] = 0;
            }
            byte += 1;
        }
        of
    };
}

/// A question's name as ASCII text: in lower case, with a trailing dot, escaped as in zone files. A
/// value is meant to be reused for many messages.
#[derive(Debug, Clone)]
pub struct Name {
    /// The text of a name that took the fast path, up to `len`.
    buffer: [u8; fast_path::BUFFER],
    len: usize,
    /// The text of any other name; empty if the text is in `buffer`.
    general: Vec<u8>,
}

impl Default for Name {
    fn default() -> Self {
        Self {
            buffer: [0; fast_path::BUFFER],
            len: 0,
            general: Vec::new(),
        }
    }
}

impl Name {
    /// The text.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        if self.general.is_empty() {
            &self.buffer[..self.len]
        } else {
            &self.general
        }
    }

    /// Becomes empty.
    pub(super) fn clear(&mut self) {
        self.general.clear();
        self.len = 0;
    }

    /// Replaces the text by that of the name that `reader` is at.
    #[inline]
    pub(super) fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Reason> {
        self.general.clear();
        match fast_path::read(reader, &mut self.buffer) {
            Some(len) => self.len = len,
            None => self.read_general(reader)?,
        }
        Ok(())
    }

    #[cold]
    fn read_general(&mut self, reader: &mut Reader<'_>) -> Result<(), Reason> {
        self.len = 0;
        read_into(reader, &mut self.general)?;
        self.general.make_ascii_lowercase();
        Ok(())
    }

    pub(super) fn to_text(&self) -> Result<String, Reason> {
        text(self.as_bytes().to_vec())
    }
}

/// Reads a name as text with a trailing dot, escaped as in zone files.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<String, Reason> {
    let mut bytes = Vec::with_capacity(TEXT_CAPACITY);
    read_into(reader, &mut bytes)?;
    text(bytes)
}

/// Enough for the text of most names, in bytes.
const TEXT_CAPACITY: usize = 64;

fn text(ascii: Vec<u8>) -> Result<String, Reason> {
    String::from_utf8(ascii).map_err(|_| Reason::BadName)
}

/// Appends a name's text.
fn read_into(reader: &mut Reader<'_>, text: &mut Vec<u8>) -> Result<(), Reason> {
    walk(reader, |label, class| push_label(text, label, class))?;
    if text.is_empty() {
        text.push(b'.');
    }
    Ok(())
}

/// Passes over the name of a record; checks it as [`read`] does.
#[inline]
pub(super) fn skip(reader: &mut Reader<'_>) -> Result<(), Reason> {
    // Most are a pointer to the question's name, which has been checked.
    const QUESTION: [u8; 2] = [0xc0, HEADER as u8];
    if reader.rest().starts_with(&QUESTION) {
        reader.at += QUESTION.len();
        return Ok(());
    }
    walk(reader, |_, _| {})
}

/// Calls `on_label` with each label of a name and the union of its bytes' classes.
///
/// Each pointer must point to before the labels that it ends, so the walk terminates.
fn walk(reader: &mut Reader<'_>, mut on_label: impl FnMut(&[u8], u8)) -> Result<(), Reason> {
    let mut labels = *reader;
    let mut run_start = reader.at;
    let mut pointers = 0;
    let mut length = 1;
    loop {
        match labels.u8()? {
            0 => break,
            head @ 1..=63 => {
                let label = labels.take_len(head.into())?;
                length += 1 + label.len();
                if length > MAX_NAME {
                    return Err(Reason::BadName);
                }
                on_label(label, class_of(label));
            }
            head @ 0xc0.. => {
                let target = usize::from(u16::from_be_bytes([head & 0x3f, labels.u8()?]));
                if !(HEADER..run_start).contains(&target) || pointers == MAX_POINTERS {
                    return Err(Reason::BadName);
                }
                if pointers == 0 {
                    reader.at = labels.at;
                }
                pointers += 1;
                labels.at = target;
                run_start = target;
            }
            _ => return Err(Reason::BadName),
        }
    }
    if pointers == 0 {
        reader.at = labels.at;
    }
    Ok(())
}

fn class_of(label: &[u8]) -> u8 {
    label
        .iter()
        .fold(0, |class, byte| class | class::OF[usize::from(*byte)])
}

fn push_label(text: &mut Vec<u8>, label: &[u8], class: u8) {
    if class == 0 {
        text.extend_from_slice(label);
        text.push(b'.');
        return;
    }
    for &byte in label {
        match byte {
            b'.' | b' ' | b'\'' | b'@' | b';' | b'(' | b')' | b'"' | b'\\' => {
                text.extend([b'\\', byte])
            }
            b'!'..=b'~' => text.push(byte),
            _ => text.extend([
                b'\\',
                b'0' + byte / 100,
                b'0' + byte / 10 % 10,
                b'0' + byte % 10,
            ]),
        }
    }
    text.push(b'.');
}
