//! Names: labels and compression pointers, as the text that Cilium's DNS library prints.

use super::Reason;
use super::reader::Reader;

/// The longest name on the wire, with its lengths and the root.
const MAX_NAME: usize = 255;
const HEADER: usize = 12;
/// Pointers in one name, at most: `maxCompressionPointers` of Cilium's DNS library.
const MAX_POINTERS: usize = 126;

/// What a byte of a label means for its text, as bits, so that those of a whole label can be added up.
mod class {
    /// It has to be escaped.
    pub(super) const ESCAPED: u8 = 1;
    /// It stands in no name.
    pub(super) const CONTROL: u8 = 2;

    /// By the byte.
    pub(super) static OF: [u8; 256] = {
        let mut of = [ESCAPED; 256];
        let mut byte = 0;
        while byte < 256 {
            // `u8::try_from` is not const yet; the loop ends at 256.
            let it = byte as u8;
            if it.is_ascii_control() {
                of[byte] = CONTROL;
            } else if it.is_ascii_alphanumeric() || it == b'-' || it == b'_' {
                of[byte] = 0;
            }
            byte += 1;
        }
        of
    };
}

/// Most names fit in as many bytes of text.
const USUAL_TEXT: usize = 64;

/// Reads a name into text with a trailing dot, escaped as zone files are.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<String, Reason> {
    let mut text = String::new();
    read_into(reader, &mut text)?;
    Ok(text)
}

/// The same in place of what `text` had.
pub(super) fn read_into(reader: &mut Reader<'_>, text: &mut String) -> Result<(), Reason> {
    text.clear();
    text.reserve(USUAL_TEXT);
    walk(reader, |label, class| push_label(text, label, class))?;
    if text.is_empty() {
        text.push('.');
    }
    Ok(())
}

/// Passes over a name, checking it as [`read`] does.
pub(super) fn skip(reader: &mut Reader<'_>) -> Result<(), Reason> {
    walk(reader, |_, _| {})
}

/// Each pointer has to lead to before the labels that it ends, so the walk ends too. `on_label` hears the class of
/// each label's bytes together.
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
                let class = label.iter().fold(0, |class, byte| class | class::OF[usize::from(*byte)]);
                if length > MAX_NAME || class & class::CONTROL != 0 {
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

fn push_label(text: &mut String, label: &[u8], class: u8) {
    use std::fmt::Write as _;
    if let (0, Ok(plain)) = (class, std::str::from_utf8(label)) {
        text.push_str(plain);
        text.push('.');
        return;
    }
    for &byte in label {
        match byte {
            b'.' | b' ' | b'\'' | b'@' | b';' | b'(' | b')' | b'"' | b'\\' => {
                text.extend(['\\', byte.into()]);
            }
            b'!'..=b'~' => text.push(byte.into()),
            // Writing to a string cannot fail.
            _ => _ = write!(text, "\\{byte:03}"),
        }
    }
    text.push('.');
}
