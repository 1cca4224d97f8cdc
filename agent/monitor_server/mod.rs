//! A stand-in for the Cilium agent's end of the monitor socket: accepts any number of clients and
//! plays frames to each, from their beginning. It speaks the protocol and nothing else of Cilium.

mod client;
mod socket;

pub(crate) use client::{Frames, Pace};
pub(crate) use socket::MonitorSocket;

use std::io;

use tidegate_runtime::shutdown::Shutdown;
use tokio::task::JoinSet;

/// Plays to whoever connects until `shutdown` is requested; with `once`, until the first client has had
/// all. Every client gets frames of its own from `frames`.
pub(crate) async fn serve<F: Frames + 'static>(
    socket: MonitorSocket,
    frames: impl Fn() -> io::Result<F>,
    pace: Pace,
    once: bool,
    shutdown: Shutdown,
) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => {
                clients.spawn(client::play(accepted?, frames()?, pace));
            }
            Some(played) = clients.join_next() => {
                report(played.map_err(io::Error::other)?);
                if once {
                    return Ok(());
                }
            }
            () = shutdown.requested() => return Ok(()),
        }
    }
}

fn report(played: io::Result<u64>) {
    match played {
        Ok(frames) => tracing::info!(frames, "a client has had all"),
        Err(error) => tracing::info!(%error, "a client has left"),
    }
}
