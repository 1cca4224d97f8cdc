//! The `traceparent` header of W3C Trace Context, as OpenTelemetry's Go propagator parses it, which
//! Hubble uses.

/// Returns the trace id of a valid header.
pub(super) fn trace_id(header: &str) -> Option<String> {
    let mut parts = header.splitn(5, '-');
    let version = hex(parts.next()?, 2)?;
    let trace_id = hex(parts.next()?, 32)?;
    let span_id = hex(parts.next()?, 16)?;
    let flags = hex(parts.next()?, 2)?;
    let more = parts.next();
    // Only later versions may have more parts, or flags other than "sampled" and "random".
    let is_allowed = match version {
        "00" => more.is_none_or(str::is_empty) && matches!(flags, "00" | "01" | "02"),
        "ff" => false,
        _ => true,
    };
    let is_set = |id: &str| id.bytes().any(|digit| digit != b'0');
    (is_allowed && is_set(trace_id) && is_set(span_id)).then(|| trace_id.to_owned())
}

/// Returns the part if it has `len` lower-case hexadecimal digits.
fn hex(part: &str, len: usize) -> Option<&str> {
    let is_lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (part.len() == len && part.bytes().all(is_lower_hex)).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::trace_id;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_valid_header_gives_a_trace_id() {
        for header in [
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-09",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-ever",
        ] {
            assert_eq!(trace_id(header).as_deref(), Some(TRACE), "{header}");
        }
    }

    #[test]
    fn an_invalid_header_gives_none() {
        for header in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        ] {
            assert_eq!(trace_id(header), None, "{header}");
        }
    }
}
