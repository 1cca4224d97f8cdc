//! Names: labels and compression pointers, as the text that Cilium's DNS library prints.

use super::Reason;
use super::reader::Reader;

/// The longest name on the wire, with its lengths and the root.
const MAX_NAME: usize = 255;
const HEADER: usize = 12;
/// Pointers in one name, at most: `maxCompressionPointers` of Cilium's DNS library.
const MAX_POINTERS: usize = 126;

/// Reads a name into text with a trailing dot, escaped as zone files are.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<String, Reason> {
    let mut text = String::new();
    walk(reader, |label| push_label(&mut text, label))?;
    if text.is_empty() {
        text.push('.');
    }
    Ok(text)
}

/// Passes over a name, checking it as [`read`] does.
pub(super) fn skip(reader: &mut Reader<'_>) -> Result<(), Reason> {
    walk(reader, |_| {})
}

/// Each pointer has to lead to before the labels that it ends, so the walk ends too.
fn walk(reader: &mut Reader<'_>, mut on_label: impl FnMut(&[u8])) -> Result<(), Reason> {
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
                if length > MAX_NAME || label.iter().any(u8::is_ascii_control) {
                    return Err(Reason::BadName);
                }
                on_label(label);
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

fn push_label(text: &mut String, label: &[u8]) {
    use std::fmt::Write as _;
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
