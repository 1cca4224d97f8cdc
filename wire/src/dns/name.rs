//! Names: labels and compression pointers, as text in the presentation form of RFC 1035 5.1 and RFC
//! 4343 2.1.
//!
//! Any byte can be in a label (RFC 2181 11). Which bytes are escaped, and how, is what Cilium's DNS
//! library does (`UnpackDomainName` of cilium/dns, 1.1.51): a backslash before ``. '@;()"\`` and
//! the space, `\DDD` in decimal for what is not printable ASCII, all else as it is.

use super::header::HEADER;
use super::reader::Reader;
use super::{Reason, usual};

/// The longest name on the wire, with its lengths and the root.
pub(super) const MAX_NAME: usize = 255;
/// Pointers in one name, at most: `maxCompressionPointers` of Cilium's DNS library.
const MAX_POINTERS: usize = 126;

/// What a byte of a label means for its text, as bits, so that those of a whole label can be added
/// up.
mod class {
    /// It has to be escaped.
    pub(super) const ESCAPED: u8 = 1;

    /// By the byte.
    pub(super) static OF: [u8; 256] = {
        let mut of = [ESCAPED; 256];
        let mut byte = 0;
        while byte < 256 {
            // `u8::try_from` is not const yet; the loop ends at 256.
            let it = byte as u8;
            if it.is_ascii_alphanumeric() || it == b'-' || it == b'_' {
                of[byte] = 0;
            }
            byte += 1;
        }
        of
    };
}

/// A question's name as text in lower case, with a trailing dot, escaped as zone files are: ASCII.
/// Kept for its memory.
#[derive(Debug, Clone)]
pub struct Name {
    usual: [u8; usual::ROOM],
    /// Of the usual text.
    len: usize,
    /// Another text; empty where it is the usual one.
    unusual: Vec<u8>,
}

impl Default for Name {
    fn default() -> Self {
        Self {
            usual: [0; usual::ROOM],
            len: 0,
            unusual: Vec::new(),
        }
    }
}

impl Name {
    /// The text.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        if self.unusual.is_empty() {
            &self.usual[..self.len]
        } else {
            &self.unusual
        }
    }

    /// Becomes the text of no name.
    pub(super) fn clear(&mut self) {
        self.unusual.clear();
        self.len = 0;
    }

    /// Reads a name in place of what there was.
    #[inline]
    pub(super) fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Reason> {
        self.unusual.clear();
        match usual::read(reader, &mut self.usual) {
            Some(len) => self.len = len,
            None => self.read_unusual(reader)?,
        }
        Ok(())
    }

    #[cold]
    fn read_unusual(&mut self, reader: &mut Reader<'_>) -> Result<(), Reason> {
        self.len = 0;
        read_into(reader, &mut self.unusual)?;
        self.unusual.make_ascii_lowercase();
        Ok(())
    }

    pub(super) fn to_text(&self) -> Result<String, Reason> {
        text(self.as_bytes().to_vec())
    }
}

/// Reads a name into text with a trailing dot, escaped as zone files are.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<String, Reason> {
    let mut bytes = Vec::with_capacity(USUAL_TEXT);
    read_into(reader, &mut bytes)?;
    text(bytes)
}

/// Most names fit in as many bytes of text.
const USUAL_TEXT: usize = 64;

fn text(ascii: Vec<u8>) -> Result<String, Reason> {
    String::from_utf8(ascii).map_err(|_| Reason::BadName)
}

/// Adds a name's text.
fn read_into(reader: &mut Reader<'_>, text: &mut Vec<u8>) -> Result<(), Reason> {
    walk(reader, |label, class| push_label(text, label, class))?;
    if text.is_empty() {
        text.push(b'.');
    }
    Ok(())
}

/// Passes over the name of a record, checking it as [`read`] does.
#[inline]
pub(super) fn skip(reader: &mut Reader<'_>) -> Result<(), Reason> {
    // Mostly it is a pointer to the question's name, which has been read.
    const QUESTION: [u8; 2] = [0xc0, HEADER as u8];
    if reader.rest().starts_with(&QUESTION) {
        reader.at += QUESTION.len();
        return Ok(());
    }
    walk(reader, |_, _| {})
}

/// Each pointer has to lead to before the labels that it ends, so the walk ends too. `on_label`
/// hears the class of each label's bytes together.
fn walk(reader: &mut Reader<'_>, mut on_label: impl FnMut(&[u8], u8)) -> Result<(), Reason> {
    let mut labels = *reader;
    let mut run_start = reader.at;
    let mut pointers = 0;
    let mut length = 1;
    loop {
        let head = labels.u8()?;
        match head {
            0 => {}
            1..=63 => {
                let label = labels.take_len(head.into())?;
                length += 1 + label.len();
                let class = label
                    .iter()
                    .fold(0, |class, byte| class | class::OF[usize::from(*byte)]);
                if length > MAX_NAME {
                    return Err(Reason::BadName);
                }
                on_label(label, class);
            }
            0xc0.. => {
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
        if head == 0 {
            break;
        }
    }
    if pointers == 0 {
        reader.at = labels.at;
    }
    Ok(())
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
