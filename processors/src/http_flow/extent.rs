//! Where a message ends in the bytes that were captured from its first one on.

use tidegate_wire::http::{self, Body, Chunks, Head};

/// The end of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Behind so many bytes, all of which were captured.
    At(usize),
    /// Behind so many bytes, not all of which were captured.
    Beyond(u64),
    /// Behind what was captured and so many bytes, and no length says how far.
    Open(u64),
    /// The head does not tell.
    Unclear,
    /// The head itself is cut.
    HeadCut,
}

/// A message's extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) end: End,
    /// Whether the end is certain, not only likely.
    pub(super) is_certain: bool,
}

/// Finds the end of the message that `bytes` begin with. `method` is the request's own or, for a
/// response, that of the request that it answers, if it is known.
pub(super) fn of(head: &Head<'_>, bytes: &[u8], is_response: bool, method: Option<&str>) -> Extent {
    let Some(len) = head.len else {
        return Extent {
            end: End::HeadCut,
            is_certain: false,
        };
    };
    let end = match head.body(method.filter(|_| is_response)) {
        Body::Bytes(0) => {
            return Extent {
                end: End::At(len),
                is_certain: true,
            };
        }
        Body::Bytes(length) => match usize::try_from(length)
            .ok()
            .and_then(|length| len.checked_add(length))
        {
            Some(end) if end <= bytes.len() => End::At(end),
            _ => End::Beyond(length.saturating_add(len as u64)),
        },
        Body::Chunked => match http::chunks(&bytes[len..]) {
            Chunks::End(length) => End::At(len + length),
            Chunks::Beyond(least) => End::Open(least.saturating_add(len as u64)),
            Chunks::Malformed => End::Unclear,
        },
        Body::UntilClose => End::Open(len as u64),
        Body::Unknown => End::Unclear,
    };
    if is_response && method.is_none() {
        return Extent {
            end: answer_to_unknown(end, bytes),
            is_certain: false,
        };
    }
    // The body may never be sent.
    let is_certain = !matches!(end, End::Beyond(_) | End::Open(_))
        || is_response
        || head.header("Expect").is_none();
    Extent { end, is_certain }
}

/// A response whose request is not known could answer `HEAD`, and then it ends with its head. What
/// stands behind the body that it announces is evidence that there is one.
fn answer_to_unknown(end: End, bytes: &[u8]) -> End {
    match end {
        End::At(end) if end < bytes.len() && http::start(&bytes[end..]).is_err() => End::Unclear,
        end => end,
    }
}
