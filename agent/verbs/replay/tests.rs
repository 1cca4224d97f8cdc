//! Replays to real clients.

use std::io::Read;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use tempfile::TempDir;
use tidegate_runtime::config::ByteSize;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_wire::payload::{Decoder, Encoder, Payload, Step};
use tokio::task::JoinHandle;

use super::{Args, serve};
use crate::error::{Error, chain};

fn stream(events: &[&[u8]]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut out = Vec::new();
    for data in events {
        encoder.encode(
            &Payload {
                data,
                cpu: 1,
                lost: 0,
                kind: 9,
            },
            &mut out,
        );
    }
    out
}

/// The text of an error.
fn error_text(error: &Error) -> String {
    match error {
        Error::Failed(error) => chain(error.as_ref()),
        other => panic!("{other:?}"),
    }
}

/// A running replay in a directory of its own.
struct Replay {
    directory: TempDir,
    shutdown: Shutdown,
    replay: JoinHandle<Result<(), String>>,
}

impl Replay {
    /// Starts a replay and waits until a client can connect.
    async fn listening(recording: &[u8], change: impl FnOnce(&mut Args)) -> Self {
        let replay = Self::start(recording, change, |_| ());
        while !replay.socket().exists() {
            assert!(!replay.replay.is_finished());
            tokio::task::yield_now().await;
        }
        replay
    }

    fn start(
        recording: &[u8],
        change: impl FnOnce(&mut Args),
        prepare: impl FnOnce(&PathBuf),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("recording.bin");
        std::fs::write(&file, recording).unwrap();
        let listen = directory.path().join("monitor.sock");
        prepare(&listen);
        let mut args = Args {
            file,
            listen,
            rate: 0.0,
            repeat: false,
            coalesce: None,
            once: false,
        };
        change(&mut args);
        let shutdown = Shutdown::new();
        let requested = shutdown.clone();
        let replay = tokio::spawn(async move {
            serve(&args, requested)
                .await
                .map_err(|error| error_text(&error))
        });
        Self {
            directory,
            shutdown,
            replay,
        }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("monitor.sock")
    }

    /// Connects, and reads up to `max_bytes` on a thread.
    fn client(&self, max_bytes: usize) -> JoinHandle<Vec<u8>> {
        let client = UnixStream::connect(self.socket()).unwrap();
        tokio::task::spawn_blocking(move || {
            let mut got = Vec::new();
            client.take(max_bytes as u64).read_to_end(&mut got).unwrap();
            got
        })
    }

    async fn end(self) -> Result<(), String> {
        self.shutdown.request();
        self.replay.await.unwrap()
    }
}

#[tokio::test]
async fn each_client_receives_the_recording_from_its_start() {
    let whole = stream(&[b"a", b"bc", &[7; 5000], b"d"]);
    let broken = [&whole[..], &[0, 1, 2, 3]].concat();
    for recording in [&whole[..], &whole[..whole.len() - 1], &broken, &[]] {
        for coalesce in [None, Some(ByteSize::new(65_536))] {
            let replay = Replay::listening(recording, |args| args.coalesce = coalesce).await;
            let clients = [
                replay.client(usize::MAX),
                replay.client(usize::MAX),
                replay.client(usize::MAX),
            ];
            for client in clients {
                assert_eq!(client.await.unwrap(), recording);
            }
            replay.end().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_loop_is_one_stream_for_its_client() {
    let recording = [stream(&[b"a"]), stream(&[b"b"])].concat();
    let replay = Replay::listening(&recording, |args| args.repeat = true).await;
    let got = replay.client(300).await.unwrap();
    replay.end().await.unwrap();
    let mut decoder = Decoder::default();
    let mut rest = &got[..];
    let mut data = Vec::new();
    loop {
        match decoder.next(rest).unwrap() {
            Step::Value { used, payload } => {
                data.extend_from_slice(payload.data);
                rest = &rest[used..];
            }
            Step::Definition { used } => rest = &rest[used..],
            Step::Incomplete { .. } => break,
            other @ Step::Refused { .. } => panic!("{other:?}"),
        }
    }
    assert!(
        data.len() > 4 && data.chunks(2).all(|pair| b"ab".starts_with(pair)),
        "{data:?}"
    );
}

#[tokio::test]
async fn a_replay_with_once_ends_after_its_first_client() {
    let recording = stream(&[&[7_u8; 900][..]; 2000]);
    let replay = Replay::listening(&recording, |args| args.once = true).await;
    let client = replay.client(usize::MAX);
    let socket = replay.socket();
    replay.replay.await.unwrap().unwrap();
    assert_eq!(client.await.unwrap(), recording);
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_client_that_disconnects_does_not_affect_others() {
    let recording = stream(&[&[7_u8; 900][..]; 2000]);
    let replay = Replay::listening(&recording, |_| ()).await;
    assert_eq!(replay.client(10).await.unwrap(), &recording[..10]);
    assert_eq!(replay.client(usize::MAX).await.unwrap(), recording);
    replay.end().await.unwrap();
}

#[tokio::test]
async fn a_shutdown_ends_a_replay_to_a_blocked_client_and_removes_the_socket() {
    let replay = Replay::listening(&stream(&[&[7_u8; 900][..]; 2000]), |_| ()).await;
    let socket = replay.socket();
    let mut idle = UnixStream::connect(&socket).unwrap();
    assert_eq!(replay.client(10).await.unwrap().len(), 10);
    replay.end().await.unwrap();
    assert!(!socket.exists());
    let mut got = Vec::new();
    idle.read_to_end(&mut got).unwrap();
    assert!(
        got.len() < 2000 * 900,
        "{} bytes do not fit in a socket",
        got.len()
    );
}

#[tokio::test]
async fn a_stale_socket_file_is_replaced() {
    let replay = Replay::start(
        &stream(&[b"a"]),
        |_| (),
        |socket| drop(UnixListener::bind(socket).unwrap()),
    );
    let client = loop {
        match UnixStream::connect(replay.socket()) {
            Ok(client) => break client,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    drop(client);
    replay.end().await.unwrap();
}

#[tokio::test]
async fn other_files_and_sockets_in_use_are_not_replaced() {
    let mut listener = None;
    let in_use = Replay::start(
        b"",
        |_| (),
        |socket| listener = Some(UnixListener::bind(socket).unwrap()),
    );
    let in_use_socket = in_use.socket();
    let in_use_error = in_use.replay.await.unwrap().unwrap_err();
    assert!(
        in_use_error.contains("another process listens on"),
        "{in_use_error}"
    );
    assert!(in_use_socket.exists());

    let write_file = |socket: &PathBuf| std::fs::write(socket, "precious").unwrap();
    let file = Replay::start(b"", |_| (), write_file);
    let file_path = file.socket();
    let file_error = file.replay.await.unwrap().unwrap_err();
    assert!(
        file_error.contains("exists and is not a socket"),
        "{file_error}"
    );
    assert_eq!(std::fs::read(&file_path).unwrap(), b"precious");
}

#[tokio::test]
async fn a_missing_recording_is_an_error_before_a_client_connects() {
    let replay = Replay::start(b"", |args| args.file = "/no/such/recording".into(), |_| ());
    let error = replay.end().await.unwrap_err();
    let expected = "cannot open the recording /no/such/recording: No such file";
    assert!(error.contains(expected), "{error}");
}

#[tokio::test]
async fn a_recording_of_a_later_format_is_an_error_before_a_client_connects() {
    let mut later = tidegate_wire::recording::header();
    let name = b"tidegate.recording.";
    let number = later.windows(name.len()).position(|window| window == name);
    later[number.unwrap() + name.len()] = b'7';
    let error = Replay::start(&later, |_| (), |_| ())
        .end()
        .await
        .unwrap_err();
    assert!(error.contains("the recording has format 7"), "{error}");
}
