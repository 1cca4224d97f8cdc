//! The socket below a connection.

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::otlp::transport::coalesce::CoalescingIo;

/// A TCP connection or a unix socket.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

/// A socket whose writes are coalesced.
pub(super) type Plain = CoalescingIo<TokioIo<Box<dyn Socket>>>;
