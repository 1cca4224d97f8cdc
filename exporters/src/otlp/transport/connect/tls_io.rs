//! TLS on a connection. In TLS 1.3 a server refuses a client's certificate when the client has already
//! begun to send, so that writing may fail before the server's alert is read. It is looked for then,
//! since the alert names the cause, and a broken connection does not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::Error as TlsError;

use super::socket::Plain;
use crate::otlp::transport::first_bytes::FirstBytes;

/// Reads at most that look for an alert: responses may wait before it.
const MAX_READS: usize = 16;

/// A connection with TLS.
pub(super) struct TlsIo {
    io: TokioIo<TlsStream<TokioIo<Plain>>>,
    /// Where the peer's alert is kept.
    signs: FirstBytes,
}

impl TlsIo {
    pub(super) fn new(stream: TlsStream<TokioIo<Plain>>, signs: FirstBytes) -> Self {
        Self {
            io: TokioIo::new(stream),
            signs,
        }
    }

    /// The session and the connection below it.
    pub(super) fn stream(&self) -> &TlsStream<TokioIo<Plain>> {
        self.io.inner()
    }

    /// Keeps the alert that an error is about.
    fn observe<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &result
            && let Some(alert) = alert(error)
        {
            self.signs.set_alert(alert);
        }
        result
    }

    /// As [`Self::observe`], for writing.
    fn observe_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(Err(error)) => {
                let error = self.read_alert(cx).unwrap_or(error);
                self.observe(Poll::Ready(Err(error)))
            }
            result => result,
        }
    }

    /// Reads up to the alert of a peer that has ended the connection.
    fn read_alert(&mut self, cx: &mut Context<'_>) -> Option<io::Error> {
        let mut memory = [0; 1024];
        for _ in 0..MAX_READS {
            let mut buffer = ReadBuf::new(&mut memory);
            match Pin::new(self.io.inner_mut()).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(Err(error)) => {
                    return Some(error).filter(|error| alert(error).is_some());
                }
                Poll::Ready(Ok(())) | Poll::Pending => return None,
            }
        }
        None
    }
}

/// The name of the peer's alert in an error, as in RFC 8446.
fn alert(error: &io::Error) -> Option<String> {
    match error.get_ref()?.downcast_ref::<TlsError>()? {
        TlsError::AlertReceived(alert) => Some(format!("{alert:?}")),
        _ => None,
    }
}

impl Read for TlsIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_read(cx, buf);
        self.observe(result)
    }
}

impl Write for TlsIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.observe_write(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.observe_write(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_flush(cx);
        self.observe_write(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
