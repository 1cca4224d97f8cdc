//! One connection.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutWriter;

/// The time that a client has for the head of a request, and between requests.
pub const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// The time without progress after which the writing of a response fails.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The maximum size of a request's head, and of the write buffer, in bytes.
const MAX_BUFFER: usize = 32 << 10;
/// The time that a response in progress has at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// Serves the requests of a connection until the client closes it. When `closing` completes, a
/// response in progress has one more second.
///
/// # Errors
///
/// If the connection fails or exceeds a limit.
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
        .header_read_timeout(HEADER_READ_TIMEOUT)
        .max_buf_size(MAX_BUFFER);
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(WRITE_TIMEOUT));
    let stream = TokioIo::new(Box::pin(stream));
    let connection = http.serve_connection(stream, TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing => {
            connection.as_mut().graceful_shutdown();
            timeout(SHUTDOWN_GRACE, connection).await.unwrap_or(Ok(()))
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

    use super::{HEADER_READ_TIMEOUT, MAX_BUFFER, SHUTDOWN_GRACE, WRITE_TIMEOUT, serve_connection};

    /// Returns the client's end of a connection, and whether the server ended it without an error.
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
    async fn a_client_that_does_not_complete_its_head_is_disconnected() {
        for beginning in ["", "GET / HTTP/1.1\r\nHost: a\r\n"] {
            let since = Instant::now();
            let (mut client, served) = connect(pending());
            client.write_all(beginning.as_bytes()).await.unwrap();
            served.await.unwrap();
            assert!(
                since.elapsed() >= HEADER_READ_TIMEOUT
                    && since.elapsed() < HEADER_READ_TIMEOUT + Duration::from_secs(1),
                "{:?}",
                since.elapsed()
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_its_head_byte_by_byte_is_disconnected() {
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
        assert!(since.elapsed() < HEADER_READ_TIMEOUT + Duration::from_secs(2));
        dripping.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_disconnected() {
        let (mut client, served) = connect(pending());
        client
            .write_all(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let since = Instant::now();
        assert!(!served.await.unwrap());
        assert!(
            since.elapsed() >= WRITE_TIMEOUT
                && since.elapsed() < WRITE_TIMEOUT + Duration::from_secs(1)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_is_too_large_is_refused() {
        let (mut client, served) = connect(pending());
        let head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(2 * MAX_BUFFER));
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
    async fn a_response_in_progress_has_a_moment_at_shutdown() {
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
        assert_eq!(since.elapsed().as_secs(), 5 + SHUTDOWN_GRACE.as_secs());
    }
}
