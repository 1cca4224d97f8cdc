//! The `traceparent` header of W3C Trace Context level 2.
//!
//! Hubble parses it with OpenTelemetry's Go propagator, which in v1.19.4 follows level 1: it refuses
//! a header with both flags of level 2, and Hubble's flow has no trace id then.

use tidegate_model::flow::TraceContext;

/// The flags that level 2 defines.
const FLAGS: u8 = TraceContext::SAMPLED | TraceContext::RANDOM;

/// Returns the context of a valid header.
pub(super) fn parse(header: &str) -> Option<TraceContext> {
    let mut parts = header.splitn(5, '-');
    let version = hex(parts.next()?, 2)?;
    let trace_id = hex(parts.next()?, 32)?;
    let parent_id = u64::try_from(hex(parts.next()?, 16)?).ok()?;
    let flags = u8::try_from(hex(parts.next()?, 2)?).ok()?;
    let more = parts.next();
    // Only later versions may have more parts, or other flags.
    let is_allowed = match version {
        0 => more.is_none_or(str::is_empty) && flags & !FLAGS == 0,
        0xff => false,
        _ => true,
    };
    (is_allowed && trace_id != 0 && parent_id != 0).then(|| TraceContext {
        trace_id: trace_id.to_be_bytes(),
        parent_id: parent_id.to_be_bytes(),
        flags: flags & FLAGS,
    })
}

/// Returns the value of a part with `len` lower-case hexadecimal digits, 32 at most.
fn hex(part: &str, len: usize) -> Option<u128> {
    let is_lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_valid = part.len() == len && part.bytes().all(is_lower_hex);
    is_valid
        .then(|| u128::from_str_radix(part, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_valid_header_gives_its_trace_span_and_flags() {
        for (header, flags) in [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", 0),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 1),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02", 2),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", 3),
            (
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
                1,
            ),
            ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-09", 1),
            (
                "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-what-ever",
                3,
            ),
        ] {
            let context = parse(header).expect(header);
            assert_eq!(
                &context.trace_id_text(),
                b"0af7651916cd43dd8448eb211c80319c"
            );
            assert_eq!(context.parent_id, 0xb7ad_6b71_6920_3331_u64.to_be_bytes());
            assert_eq!(context.flags, flags, "{header}");
        }
    }

    #[test]
    fn an_invalid_header_gives_none() {
        for header in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-04",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        ] {
            assert_eq!(parse(header), None, "{header}");
        }
    }
}
