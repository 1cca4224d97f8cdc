//! A connection as the HTTP client uses it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio_rustls::client::TlsStream;

use super::socket::Plain;
use super::tls_io::TlsIo;

/// A connection.
pub(in crate::otlp::transport) struct Stream {
    pub(super) io: StreamIo,
    /// Whether an HTTP proxy forwards each request, so that requests name the whole URL.
    pub(super) is_proxied: bool,
}

pub(super) enum StreamIo {
    Plain(Plain),
    Tls(Box<TlsIo>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.is_proxied);
        match &self.io {
            StreamIo::Tls(tls) if is_http2(tls.stream()) => connected.negotiated_h2(),
            _ => connected,
        }
    }
}

/// Whether the peer chose HTTP/2 in the handshake.
pub(super) fn is_http2<T>(tls: &TlsStream<T>) -> bool {
    let (_, session) = tls.get_ref();
    session.alpn_protocol() == Some(b"h2")
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.io {
            StreamIo::Plain(io) => Pin::new(io).poll_read(cx, buf),
            StreamIo::Tls(io) => Pin::new(&mut **io).poll_read(cx, buf),
        }
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.io {
            StreamIo::Plain(io) => Pin::new(io).poll_write(cx, bytes),
            StreamIo::Tls(io) => Pin::new(&mut **io).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.io {
            StreamIo::Plain(io) => Pin::new(io).poll_write_vectored(cx, slices),
            StreamIo::Tls(io) => Pin::new(&mut **io).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            StreamIo::Plain(io) => io.is_write_vectored(),
            StreamIo::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            StreamIo::Plain(io) => Pin::new(io).poll_flush(cx),
            StreamIo::Tls(io) => Pin::new(&mut **io).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            StreamIo::Plain(io) => Pin::new(io).poll_shutdown(cx),
            StreamIo::Tls(io) => Pin::new(&mut **io).poll_shutdown(cx),
        }
    }
}
