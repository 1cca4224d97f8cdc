//! Writes an encoded message as JSON.

use std::io::Write as _;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

use super::schema::{Field, Kind, Message, request};
use super::wire::{Fields, Malformed, WireValue};
use crate::otlp::signal::Signal;

/// Messages within each other at most, as protobuf's decoders allow.
const MAX_DEPTH: usize = 100;

/// Returns the JSON of the encoded request of a signal. Fields that opentelemetry-proto does not
/// have are left out.
pub(crate) fn to_json(signal: Signal, encoded: &[u8]) -> Result<Vec<u8>, Malformed> {
    // Names and quotes make JSON about twice as long.
    let mut out = Vec::with_capacity(2 * encoded.len());
    message(request(signal), encoded, 0, &mut out)?;
    Ok(out)
}

fn message(
    schema: &Message,
    encoded: &[u8],
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    if depth == MAX_DEPTH {
        return Err(Malformed);
    }
    let present = present_fields(schema, encoded)?;
    out.push(b'{');
    let mut is_first = true;
    for (index, field) in schema.0.iter().enumerate() {
        if present & (1 << index) == 0 {
            continue;
        }
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        string(field.name, out);
        out.push(b':');
        if field.is_repeated {
            list(field, encoded, depth, out)?;
        } else {
            let last = values(field, encoded).last().ok_or(Malformed)?;
            value(field.kind, last, depth, out)?;
        }
    }
    out.push(b'}');
    Ok(())
}

/// Returns a bit for each field of the schema that the message has.
fn present_fields(schema: &Message, encoded: &[u8]) -> Result<u32, Malformed> {
    let mut present = 0;
    for field in Fields(encoded) {
        let (number, _) = field?;
        let known = schema.0.iter().position(|field| field.number == number);
        present |= known.map_or(0, |index| 1 << index);
    }
    Ok(present)
}

/// The values of a field. The message is known to be well-formed.
fn values<'a>(field: &Field, encoded: &'a [u8]) -> impl Iterator<Item = WireValue<'a>> {
    let number = field.number;
    Fields(encoded)
        .flatten()
        .filter(move |(found, _)| *found == number)
        .map(|(_, value)| value)
}

fn list(field: &Field, encoded: &[u8], depth: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut separator = b'[';
    let mut item = |item, out: &mut Vec<u8>| {
        out.push(std::mem::replace(&mut separator, b','));
        value(field.kind, item, depth, out)
    };
    for found in values(field, encoded) {
        match found {
            WireValue::Len(packed) if field.kind.is_number() => {
                let mut packed = Fields(packed);
                while let Some(number) = packed.packed(field.kind) {
                    item(number, out)?;
                }
                if !packed.0.is_empty() {
                    return Err(Malformed);
                }
            }
            found => item(found, out)?,
        }
    }
    if separator == b'[' {
        out.push(b'[');
    }
    out.push(b']');
    Ok(())
}

fn value(
    kind: Kind,
    value: WireValue<'_>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    match (kind, value) {
        (Kind::Message(schema), WireValue::Len(encoded)) => {
            return message(schema, encoded, depth + 1, out);
        }
        (Kind::String, WireValue::Len(text)) => string(&String::from_utf8_lossy(text), out),
        (Kind::Base64, WireValue::Len(bytes)) => {
            print(
                out,
                format_args!("\"{}\"", Base64Display::new(bytes, &STANDARD)),
            );
        }
        (Kind::Hex, WireValue::Len(bytes)) => {
            out.push(b'"');
            for byte in bytes {
                print(out, format_args!("{byte:02x}"));
            }
            out.push(b'"');
        }
        (Kind::Bool, WireValue::Varint(number)) => print(out, format_args!("{}", number != 0)),
        (Kind::Uint32, WireValue::Varint(number)) => print(out, format_args!("{}", number as u32)),
        (Kind::Sint32, WireValue::Varint(number)) => {
            let number = number as u32;
            let signed = (number >> 1) as i32 ^ -((number & 1) as i32);
            print(out, format_args!("{signed}"));
        }
        (Kind::Fixed32, WireValue::Fixed32(number)) => print(out, format_args!("{number}")),
        (Kind::Uint64, WireValue::Varint(number)) | (Kind::Fixed64, WireValue::Fixed64(number)) => {
            print(out, format_args!("\"{number}\""));
        }
        (Kind::Int64, WireValue::Varint(number)) | (Kind::Sfixed64, WireValue::Fixed64(number)) => {
            print(out, format_args!("\"{}\"", number as i64));
        }
        (Kind::Double, WireValue::Fixed64(bits)) => double(f64::from_bits(bits), out),
        _ => return Err(Malformed),
    }
    Ok(())
}

/// JSON has no numbers for infinity and "not a number"; protobuf writes them as strings.
fn double(number: f64, out: &mut Vec<u8>) {
    if number.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if number.is_infinite() {
        let sign = if number < 0.0 { "-" } else { "" };
        print(out, format_args!("\"{sign}Infinity\""));
    } else {
        print(out, format_args!("{number:?}"));
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    // Writing a string to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

fn print(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}
