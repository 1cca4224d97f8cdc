//! One connection: HTTP/1.1, with bounds on what a client can hold, and for how long.

use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

use super::site::Site;
use super::socket::Stream;
use super::unread::Unread;

/// How long a client may take for TLS, for the head of a request, and between requests.
const HEAD: Duration = Duration::from_secs(10);
/// How long it may take none of an answer.
const WRITE: Duration = Duration::from_secs(30);
/// Bytes of a request's head, and of what is written at once, at most.
const BUFFER: usize = 32 << 10;
/// How long a request may still take when the rules of the listener have changed.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// Answers a client's requests under the rules that held when it came, until it leaves or the rules change.
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
    let Some(acceptor) = &site.acceptor else { return answer(stream, site, sites).await };
    match timeout(HEAD, acceptor.accept(stream)).await {
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
    let stream = TokioIo::new(Unread::new(stream, WRITE));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BUFFER);
    let connection = http.serve_connection(stream, TowerToHyperService::new(site.router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // An error is the listener's end.
        _ = sites.changed() => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_ANSWER, connection).await.unwrap_or(Ok(()))
        }
    };
    match ended {
        Ok(()) => tracing::debug!("a client has left"),
        Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "lost a client"),
    }
}
