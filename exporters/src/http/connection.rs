//! One connection.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::unread::Unread;

/// How long a client may take for the head of a request, and between requests.
pub const HEAD: Duration = Duration::from_secs(10);
/// How long it may take none of an answer.
const WRITE: Duration = Duration::from_secs(30);
/// Bytes of a request's head, and of what is written at once, at most.
const BUFFER: usize = 32 << 10;
/// How long an answer may still take at the end.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// Answers the requests of a connection until the client leaves. When `closing` is ready, an answer
/// that has begun has a second left.
///
/// # Errors
/// Why the connection was lost.
pub async fn serve_connection<S>(
    stream: S,
    router: Router,
    closing: impl Future<Output = ()>,
) -> Result<(), hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER);
    let stream = TokioIo::new(Unread::new(stream, WRITE));
    let connection = http.serve_connection(stream, TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_ANSWER, connection).await.unwrap_or(Ok(()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio::time::{Instant, sleep};

    use super::{BUFFER, HEAD, LAST_ANSWER, WRITE, serve_connection};

    /// A client's end of a connection, and what the server made of it.
    fn connect(
        closing: impl Future<Output = ()> + Send + 'static,
    ) -> (DuplexStream, JoinHandle<bool>) {
        let long = "x".repeat(1 << 20);
        let router = Router::new()
            .route("/", get(async || "fine"))
            .route("/long", get(async move || long))
            .route("/slow", get(async || pending::<&str>().await));
        let (client, server) = duplex(4096);
        (
            client,
            tokio::spawn(async move { serve_connection(server, router, closing).await.is_ok() }),
        )
    }

    async fn status(client: &mut DuplexStream) -> String {
        let mut status = [0; 12];
        client.read_exact(&mut status).await.unwrap();
        String::from_utf8_lossy(&status).into_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_or_not_all_is_let_go() {
        for beginning in ["", "GET / HTTP/1.1\r\nHost: a\r\n"] {
            let since = Instant::now();
            let (mut client, served) = connect(pending());
            client.write_all(beginning.as_bytes()).await.unwrap();
            served.await.unwrap();
            assert!(
                since.elapsed() >= HEAD && since.elapsed() < HEAD + Duration::from_secs(1),
                "{:?}",
                since.elapsed()
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_its_head_byte_by_byte_is_let_go_too() {
        let (mut client, served) = connect(pending());
        let dripping = tokio::spawn(async move {
            for byte in std::iter::repeat(b'x') {
                if client.write_all(&[byte]).await.is_err() {
                    return;
                }
                sleep(Duration::from_secs(1)).await;
            }
        });
        let since = Instant::now();
        served.await.unwrap();
        assert!(since.elapsed() < HEAD + Duration::from_secs(2));
        dripping.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_let_go() {
        let (mut client, served) = connect(pending());
        client
            .write_all(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let since = Instant::now();
        assert!(!served.await.unwrap());
        assert!(since.elapsed() >= WRITE && since.elapsed() < WRITE + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_is_bounded() {
        let (mut client, served) = connect(pending());
        let head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(2 * BUFFER));
        let writing = tokio::spawn(async move {
            let (mut reader, mut writer) = tokio::io::split(&mut client);
            let _ = writer.write_all(head.as_bytes()).await;
            let mut answer = Vec::new();
            reader.read_to_end(&mut answer).await.unwrap();
            answer
        });
        served.await.unwrap();
        assert!(writing.await.unwrap().starts_with(b"HTTP/1.1 431"));
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_an_answer_has_a_moment_left() {
        let (mut client, served) = connect(sleep(Duration::from_secs(5)));
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(status(&mut client).await, "HTTP/1.1 200");
        client
            .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let since = Instant::now();
        served.await.unwrap();
        assert_eq!(since.elapsed().as_secs(), 5 + LAST_ANSWER.as_secs());
    }
}
