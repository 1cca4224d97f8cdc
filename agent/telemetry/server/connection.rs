//! One connection of a client, which TLS may have to be spoken to first.

use tidegate_exporters::http::{HEADER_READ_TIMEOUT, serve_connection};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

use super::site::Site;
use super::socket::Stream;

/// Answers a client's requests under the rules that held when it came, until it leaves or the rules
/// change.
pub(super) async fn serve(stream: Stream, site: Site, mut sites: watch::Receiver<Site>) {
    match stream {
        Stream::Tcp(stream, peer) => {
            tracing::debug!(%peer, "a client has connected");
            secure(stream, site, &mut sites).await;
        }
        Stream::Unix(stream) => {
            // Who has connected, as the kernel has it.
            let credentials = stream.peer_cred().ok();
            let uid = credentials.as_ref().map(|peer| peer.uid());
            let pid = credentials.as_ref().and_then(|peer| peer.pid());
            tracing::debug!(uid, pid, "a client has connected to the socket");
            secure(stream, site, &mut sites).await;
        }
    }
}

async fn secure<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    site: Site,
    sites: &mut watch::Receiver<Site>,
) {
    let Some(acceptor) = &site.acceptor else {
        return answer(stream, site, sites).await;
    };
    match timeout(HEADER_READ_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => answer(stream, site, sites).await,
        Ok(Err(error)) => tracing::debug!(%error, "a client has failed at TLS"),
        Err(_) => tracing::debug!("a client has taken too long for TLS"),
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    site: Site,
    sites: &mut watch::Receiver<Site>,
) {
    // An error is the listener's end.
    let closing = async { _ = sites.changed().await };
    match serve_connection(stream, site.router, closing).await {
        Ok(()) => tracing::debug!("a client has left"),
        Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "lost a client"),
    }
}
