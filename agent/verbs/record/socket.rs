//! Records a socket until the agent closes the stream, a limit, or a requested shutdown.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use tidegate_receivers::recording_file::file_type;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_wire::file_type::FileType;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep_until};

use super::recording::Recording;
use super::{Args, RecordError};
use crate::verbs::common::cilium_socket::default_socket;

/// Bytes that one read takes at most, as the receiver's.
const READ_BYTES: usize = 256 * 1024;

/// Records until the stream ends, a limit is reached, or `shutdown` is requested. Writes one line
/// about it to standard error.
pub(super) async fn record(args: &Args, shutdown: &Shutdown) -> Result<(), RecordError> {
    let socket = args.socket.clone().unwrap_or_else(default_socket);
    let cannot = |source| RecordError::Connect {
        socket: socket.clone(),
        source,
    };
    check_path(&socket)?;
    let mut stream = UnixStream::connect(&socket).await.map_err(cannot)?;
    let mut recording = Recording::create(args).await?;
    save(&mut stream, &socket, args, shutdown, &mut recording).await?;
    recording.report();
    Ok(())
}

/// Refuses a path that exists and is not a socket, with what it is.
fn check_path(path: &Path) -> Result<(), RecordError> {
    let Ok(found) = fs::metadata(path) else {
        return Ok(());
    };
    if found.file_type().is_socket() {
        return Ok(());
    }
    let name = path.display();
    let (what, advice) = if found.is_dir() {
        let inside = path.join("monitor1_2.sock");
        let advice = inside
            .exists()
            .then(|| format!("; try {}", inside.display()));
        ("a directory", advice)
    } else if !found.is_file() {
        ("a pipe or a device", None)
    } else {
        match file_type(path) {
            found @ FileType::Recording => {
                let advice = format!("; `tidegate replay {name} --listen SOCKET` serves it");
                (found.description(), Some(advice))
            }
            found @ FileType::Capture => {
                let advice = format!("; `--pcap {name}` converts it");
                (found.description(), Some(advice))
            }
            found => (found.description(), None),
        }
    };
    Err(RecordError::NotASocket {
        path: path.to_owned(),
        what,
        advice: advice.unwrap_or_default(),
    })
}

async fn save(
    stream: &mut UnixStream,
    socket: &Path,
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
            socket: socket.to_owned(),
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
