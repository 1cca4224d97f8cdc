//! Recordings of a scripted socket.

use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::JoinHandle;

use tempfile::TempDir;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_wire::payload::{Encoder, Payload};
use tidegate_wire::recording;

use super::Args;
use super::error::RecordError;
use super::socket::record;
use crate::error::chain;
use crate::verbs::common::output_file::OutputError;

fn stream(events: usize) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut out = Vec::new();
    for _ in 0..events {
        encoder.encode(
            &Payload {
                data: b"event",
                cpu: 1,
                lost: 0,
                kind: 9,
            },
            &mut out,
        );
    }
    out
}

/// A recording of a stream.
fn with_header(stream: &[u8]) -> Vec<u8> {
    [&recording::header(), stream].concat()
}

fn args(directory: &TempDir, out: &Path) -> Args {
    Args {
        socket: Some(directory.path().join("monitor.sock")),
        pcap: None,
        snaplen: None,
        out: out.to_owned(),
        force: false,
        count: None,
        max_bytes: None,
        duration: None,
    }
}

/// Writes `bytes` to the first client, and returns the open connection.
fn agent(directory: &TempDir, bytes: Vec<u8>) -> JoinHandle<UnixStream> {
    let listener = UnixListener::bind(directory.path().join("monitor.sock")).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // A recorder at its limit disconnects.
        let _ = stream.write_all(&bytes);
        stream
    })
}

/// Records a stream that the agent closes.
async fn record_all(
    bytes: &[u8],
    change: impl FnOnce(&mut Args),
) -> (Result<(), RecordError>, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let served = agent(&directory, bytes.to_vec());
    let closed = std::thread::spawn(move || drop(served.join()));
    let file = directory.path().join("recording.bin");
    let mut args = args(&directory, &file);
    change(&mut args);
    let result = record(&args, &Shutdown::new()).await;
    closed.join().unwrap();
    (result, std::fs::read(&file).unwrap_or_default())
}

#[tokio::test]
async fn a_recording_has_a_header_and_the_exact_bytes_of_the_stream() {
    let whole = stream(3);
    let broken = [&whole[..], &[0, 1, 2]].concat();
    for bytes in [&whole[..], &whole[..whole.len() - 2], &broken, &[]] {
        let (result, recorded) = record_all(bytes, |_| ()).await;
        result.unwrap();
        assert_eq!(recorded, with_header(bytes));
    }
}

#[tokio::test]
async fn a_limited_recording_ends_with_a_complete_frame() {
    let (result, recorded) = record_all(&stream(9), |args| args.count = Some(4)).await;
    result.unwrap();
    assert_eq!(recorded, with_header(&stream(4)));
    let size = format!("{}B", with_header(&stream(5)).len() + 1);
    let (result, recorded) = record_all(&stream(9), |args| {
        args.max_bytes = Some(size.parse().unwrap())
    })
    .await;
    result.unwrap();
    assert_eq!(recorded, with_header(&stream(5)));
}

#[tokio::test]
async fn a_shutdown_ends_a_recording_with_a_complete_frame() {
    let directory = tempfile::tempdir().unwrap();
    let whole = with_header(&stream(2));
    let more = stream(3);
    let served = agent(&directory, more[..more.len() - 1].to_vec());
    let file = directory.path().join("recording.bin");
    let shutdown = Shutdown::new();
    let args = args(&directory, &file);
    let requested = shutdown.clone();
    let recording = tokio::spawn(async move { record(&args, &requested).await });
    while std::fs::metadata(&file).map_or(0, |metadata| metadata.len()) < whole.len() as u64 {
        tokio::task::yield_now().await;
    }
    shutdown.request();
    recording.await.unwrap().unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    drop(served.join());
}

#[tokio::test]
async fn an_existing_file_is_overwritten_only_with_force() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("precious.bin");
    std::fs::write(&file, vec![7; 4096]).unwrap();
    let (result, _) = record_all(&stream(1), |args| args.out.clone_from(&file)).await;
    assert!(
        matches!(result, Err(RecordError::Output(OutputError::Exists(_)))),
        "{result:?}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), vec![7; 4096]);
    let force = |args: &mut Args| {
        args.out = file.clone();
        args.force = true;
    };
    record_all(&stream(1), force).await.0.unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), with_header(&stream(1)));
}

#[tokio::test]
async fn errors_have_the_file_and_the_reason() {
    let (full, _) = record_all(&stream(1), |args| args.out = "/dev/full".into()).await;
    let (nowhere, _) = record_all(&stream(1), |args| {
        args.out = "/no/such/directory/file".into()
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let absent = record(&args(&directory, Path::new("-")), &Shutdown::new()).await;
    for (result, expected) in [
        (
            full,
            "cannot write to /dev/full after byte 0: No space left on device",
        ),
        (
            nowhere,
            "cannot create /no/such/directory/file: No such file or directory",
        ),
        (
            absent,
            "monitor.sock (does the Cilium agent run on this node, with enable-monitor?): \
             No such file",
        ),
    ] {
        let error = chain(&result.unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
}
