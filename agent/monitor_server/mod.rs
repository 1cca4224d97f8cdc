//! A server for the monitor socket, in place of the Cilium agent. It sends a stream of frames to
//! each client, from the first frame on. [`api`] serves the agent's REST API beside it.

pub(crate) mod api;
mod client;
mod socket;

pub(crate) use client::{Frames, Pace};
pub(crate) use socket::BoundSocket;

use std::future;
use std::io;

use tidegate_runtime::shutdown::Shutdown;
use tokio::task::JoinSet;

/// Serves clients until `shutdown` is requested; with `once`, until the first client has
/// disconnected. `frames` creates the stream of each client.
pub(crate) async fn serve<F: Frames + 'static>(
    socket: BoundSocket,
    frames: impl Fn() -> io::Result<F>,
    pace: Pace,
    once: bool,
    shutdown: Shutdown,
) -> io::Result<()> {
    serve_after(socket, frames, pace, once, shutdown, || future::ready(())).await
}

/// [`serve`], with a wait between the connection of each client and its first frame.
pub(crate) async fn serve_after<F: Frames + 'static, W: Future<Output = ()> + Send + 'static>(
    socket: BoundSocket,
    frames: impl Fn() -> io::Result<F>,
    pace: Pace,
    once: bool,
    shutdown: Shutdown,
    wait: impl Fn() -> W,
) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => {
                let client = accepted?;
                let frames = frames()?;
                let wait = wait();
                clients.spawn(async move {
                    wait.await;
                    client::send(client, frames, pace).await
                });
            }
            Some(sent) = clients.join_next() => {
                report(sent.map_err(io::Error::other)?);
                if once {
                    return Ok(());
                }
            }
            () = shutdown.requested() => return Ok(()),
        }
    }
}

fn report(sent: io::Result<u64>) {
    match sent {
        Ok(frames) => tracing::info!(frames, "a client has received all frames"),
        Err(error) => tracing::info!(%error, "a client has disconnected"),
    }
}
