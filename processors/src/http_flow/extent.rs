//! Where an HTTP message ends, as far as it was captured.

use tidegate_wire::http::{self, Body, Chunks, Head};

/// The end of a message, relative to its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageEnd {
    /// The message has this many bytes, all captured.
    Captured(usize),
    /// The message has this many bytes, not all captured.
    BeyondCapture(u64),
    /// The message has at least this many bytes, and no length that says how many more.
    Open(u64),
    /// The head does not determine it.
    Unclear,
    /// The head itself is cut.
    HeadCut,
}

/// The extent of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) end: MessageEnd,
    /// Whether the end is certain, not just likely.
    pub(super) is_certain: bool,
}

impl Extent {
    const HEAD_CUT: Self = Self {
        end: MessageEnd::HeadCut,
        is_certain: false,
    };

    /// Finds the extent of the request that `bytes` begin with.
    pub(super) fn of_request(head: &Head<'_>, bytes: &[u8]) -> Self {
        let Some(head_len) = head.len else {
            return Self::HEAD_CUT;
        };
        let end = end(head_len, head.body(None), bytes);
        // A client that expects `100 Continue` may never send the body.
        let is_complete = !matches!(end, MessageEnd::BeyondCapture(_) | MessageEnd::Open(_));
        Self {
            end,
            is_certain: is_complete || head.header("Expect").is_none(),
        }
    }

    /// Finds the extent of the response that `bytes` begin with. `method` is that of its request,
    /// if it is known.
    pub(super) fn of_response(head: &Head<'_>, bytes: &[u8], method: Option<&str>) -> Self {
        let Some(head_len) = head.len else {
            return Self::HEAD_CUT;
        };
        let body = head.body(method);
        let end = end(head_len, body, bytes);
        let is_certain = method.is_some() || matches!(body, Body::Bytes(0));
        Self {
            end: if is_certain {
                end
            } else {
                end_without_request(end, bytes)
            },
            is_certain,
        }
    }
}

fn end(head_len: usize, body: Body, bytes: &[u8]) -> MessageEnd {
    match body {
        Body::Bytes(len) => {
            let end = usize::try_from(len)
                .ok()
                .and_then(|len| head_len.checked_add(len));
            match end {
                Some(end) if end <= bytes.len() => MessageEnd::Captured(end),
                _ => MessageEnd::BeyondCapture(len.saturating_add(head_len as u64)),
            }
        }
        Body::Chunked => match http::chunks(&bytes[head_len..]) {
            Chunks::End(len) => MessageEnd::Captured(head_len + len),
            Chunks::Beyond(least) => MessageEnd::Open(least.saturating_add(head_len as u64)),
            Chunks::Malformed => MessageEnd::Unclear,
        },
        Body::UntilClose => MessageEnd::Open(head_len as u64),
        Body::Unknown => MessageEnd::Unclear,
    }
}

/// Checks the end of a response whose request is unknown. It may answer `HEAD`, and then ends with
/// its head. If a message follows the body that the head announces, there is a body.
fn end_without_request(end: MessageEnd, bytes: &[u8]) -> MessageEnd {
    match end {
        MessageEnd::Captured(end) if end < bytes.len() && http::start(&bytes[end..]).is_err() => {
            MessageEnd::Unclear
        }
        end => end,
    }
}
