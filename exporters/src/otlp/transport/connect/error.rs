//! Why a connection could not be opened.

use std::error::Error;
use std::io;

use hyper::StatusCode;

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The host has no address, refuses connections, or did not answer.
    #[error("cannot connect to {to}")]
    Dial {
        /// The address.
        to: String,
        /// The error of the connection.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The proxy does not open a tunnel.
    #[error("the proxy {proxy} responded {status} to CONNECT")]
    Proxy {
        /// Address of the proxy.
        proxy: String,
        /// Its response.
        status: StatusCode,
    },
    /// The proxy's response is not that of an HTTP proxy.
    #[error("the proxy {proxy} did not answer CONNECT as an HTTP proxy does")]
    NotAProxy {
        /// Address of the proxy.
        proxy: String,
        /// The I/O error.
        source: io::Error,
    },
    /// The handshake failed.
    #[error("the TLS handshake failed")]
    Tls(#[source] io::Error),
    /// The backend did not choose HTTP/2 in the TLS handshake, as gRPC requires.
    #[error("the backend did not negotiate HTTP/2, which gRPC requires")]
    NoHttp2,
}
