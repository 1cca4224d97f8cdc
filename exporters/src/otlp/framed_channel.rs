//! A channel that sends a frame as it is. Tonic would copy a message into a frame of its own for each attempt, and set up
//! a compressor for it; all the rest of a call (metadata, status, trailers, the response) is left to tonic.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{Request, Response};
use tonic::transport::{Channel, Error};

use super::sent::Sent;

/// Puts the frame in place of the body of the one request that is sent.
pub(super) struct FramedChannel {
    pub(super) channel: Channel,
    pub(super) frame: Bytes,
    /// Set when the connection takes the frame.
    pub(super) sent: Sent,
}

impl Service<Request<Body>> for FramedChannel {
    type Response = Response<Body>;
    type Error = Error;
    type Future = <Channel as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Service::poll_ready(&mut self.channel, cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let body = Body::new(OneFrame { frame: Some(std::mem::take(&mut self.frame)), sent: self.sent.clone() });
        self.channel.call(request.map(|_| body))
    }
}

/// A body that has one part. It tells no length, so that requests have the headers that gRPC knows and no others.
struct OneFrame {
    frame: Option<Bytes>,
    sent: Sent,
}

impl http_body::Body for OneFrame {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.frame.take();
        if frame.is_some() {
            self.sent.set(true);
        }
        Poll::Ready(frame.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.frame.is_none()
    }
}
