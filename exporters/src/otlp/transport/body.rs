//! The body of a request.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::sent::SentFlag;

/// A body of one frame.
pub(super) struct RequestBody {
    frame: Option<Bytes>,
    /// Whether its length is announced. gRPC specifies no header for it.
    has_length: bool,
    /// Set when the connection takes the frame.
    sent: SentFlag,
}

impl RequestBody {
    pub(super) fn new(frame: Bytes, has_length: bool, sent: &SentFlag) -> Self {
        Self {
            frame: Some(frame),
            has_length,
            sent: sent.clone(),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.frame.take();
        if frame.is_some() {
            self.sent.set(true);
        }
        Poll::Ready(frame.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.frame.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.frame {
            Some(frame) if self.has_length => SizeHint::with_exact(frame.len() as u64),
            None => SizeHint::with_exact(0),
            Some(_) => SizeHint::default(),
        }
    }
}
