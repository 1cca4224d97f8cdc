//! A connection of a client, with or without TLS.

use tidegate_exporters::http::{HEADER_READ_TIMEOUT, serve_connection};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

use super::site::Site;
use super::socket::Stream;

/// Serves a connection under the rules that were in effect when it was accepted, until the client
/// disconnects or the rules for access change.
pub(super) async fn serve(stream: Stream, site: Site, mut sites: watch::Receiver<Site>) {
    match stream {
        Stream::Tcp(stream, peer) => {
            tracing::debug!(%peer, "a client has connected");
            handshake(stream, site, &mut sites).await;
        }
        Stream::Unix(stream) => {
            let credentials = stream.peer_cred().ok();
            let uid = credentials.as_ref().map(|peer| peer.uid());
            let pid = credentials.as_ref().and_then(|peer| peer.pid());
            tracing::debug!(uid, pid, "a client has connected to the socket");
            handshake(stream, site, &mut sites).await;
        }
    }
}

async fn handshake<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    site: Site,
    sites: &mut watch::Receiver<Site>,
) {
    let Some(acceptor) = &site.acceptor else {
        return answer(stream, site, sites).await;
    };
    match timeout(HEADER_READ_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => answer(stream, site, sites).await,
        Ok(Err(error)) => tracing::debug!(%error, "the TLS handshake of a client failed"),
        Err(_) => tracing::debug!("the TLS handshake of a client timed out"),
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    site: Site,
    sites: &mut watch::Receiver<Site>,
) {
    let router = site.router.clone();
    // An error means that the listener is gone.
    let closing = async { _ = sites.wait_for(|new| !new.has_same_access(&site)).await };
    match serve_connection(stream, router, closing).await {
        Ok(()) => tracing::debug!("a client has disconnected"),
        Err(error) => tracing::debug!(
            error = &error as &dyn std::error::Error,
            "the connection of a client failed"
        ),
    }
}
