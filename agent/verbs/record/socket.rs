//! Records a socket until the agent closes the stream, a limit, or a requested shutdown.

use tidegate_runtime::shutdown::Shutdown;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep_until};

use super::recording::Recording;
use super::{Args, RecordError};

/// Bytes that one read takes at most, as the receiver's.
const READ_BYTES: usize = 256 * 1024;

/// Records until the stream ends, a limit is reached, or `shutdown` is requested. Writes one line
/// about it to standard error.
pub(super) async fn record(args: &Args, shutdown: &Shutdown) -> Result<(), RecordError> {
    let cannot = |source| RecordError::Connect {
        socket: args.socket.clone(),
        source,
    };
    let mut stream = UnixStream::connect(&args.socket).await.map_err(cannot)?;
    let mut recording = Recording::create(args).await?;
    save(&mut stream, args, shutdown, &mut recording).await?;
    recording.report();
    Ok(())
}

async fn save(
    stream: &mut UnixStream,
    args: &Args,
    shutdown: &Shutdown,
    recording: &mut Recording,
) -> Result<(), RecordError> {
    let until = args.duration.map(|duration| Instant::now() + duration.0);
    let mut block = vec![0; READ_BYTES];
    while !recording.is_full() {
        let read = tokio::select! {
            biased;
            () = shutdown.requested() => break,
            () = reached(until) => break,
            read = stream.read(&mut block) => read,
        };
        let n = read.map_err(|source| RecordError::Read {
            socket: args.socket.clone(),
            source,
        })?;
        if n == 0 {
            return recording.flush_all().await;
        }
        recording.push(&block[..n]);
        recording.flush().await?;
    }
    Ok(())
}

async fn reached(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}
