//! Playbacks to real clients.

use std::io::Read;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use tempfile::TempDir;
use tidegate_runtime::config::ByteSize;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_wire::payload::{Decoder, Encoder, Payload, Step};
use tokio::task::JoinHandle;

use super::{Args, play};
use crate::error::{Error, chain};

fn stream(events: &[&[u8]]) -> Vec<u8> {
    let (mut encoder, mut out) = (Encoder::default(), Vec::new());
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

/// What the user is told.
fn said(error: &Error) -> String {
    match error {
        Error::Failed(error) => chain(error.as_ref()),
        other => panic!("{other:?}"),
    }
}

/// A running playback in a directory of its own.
struct Stage {
    directory: TempDir,
    shutdown: Shutdown,
    playback: JoinHandle<Result<(), String>>,
}

impl Stage {
    /// Plays `recording` and waits until somebody can connect.
    async fn play(recording: &[u8], change: impl FnOnce(&mut Args)) -> Self {
        let stage = Self::start(recording, change, |_| ());
        while !stage.socket().exists() {
            assert!(!stage.playback.is_finished());
            tokio::task::yield_now().await;
        }
        stage
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
        let wish = shutdown.clone();
        let playback =
            tokio::spawn(async move { play(&args, wish).await.map_err(|error| said(&error)) });
        Self {
            directory,
            shutdown,
            playback,
        }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("monitor.sock")
    }

    /// Connects, on a thread, and reads to the end of the stream or for so many bytes.
    fn client(&self, most: usize) -> JoinHandle<Vec<u8>> {
        let client = UnixStream::connect(self.socket()).unwrap();
        tokio::task::spawn_blocking(move || {
            let mut got = Vec::new();
            client.take(most as u64).read_to_end(&mut got).unwrap();
            got
        })
    }

    async fn end(self) -> Result<(), String> {
        self.shutdown.request();
        self.playback.await.unwrap()
    }
}

#[tokio::test]
async fn every_client_gets_the_recording_from_its_start() {
    let whole = stream(&[b"a", b"bc", &[7; 5000], b"d"]);
    let broken = [&whole[..], &[0, 1, 2, 3]].concat();
    for recording in [&whole[..], &whole[..whole.len() - 1], &broken, &[]] {
        for coalesce in [None, Some(ByteSize::new(65_536))] {
            let stage = Stage::play(recording, |args| args.coalesce = coalesce).await;
            let clients = [
                stage.client(usize::MAX),
                stage.client(usize::MAX),
                stage.client(usize::MAX),
            ];
            for client in clients {
                assert_eq!(client.await.unwrap(), recording);
            }
            stage.end().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_loop_is_one_stream_for_its_reader() {
    let recording = [stream(&[b"a"]), stream(&[b"b"])].concat();
    let stage = Stage::play(&recording, |args| args.repeat = true).await;
    let got = stage.client(300).await.unwrap();
    stage.end().await.unwrap();
    let (mut decoder, mut rest, mut data) = (Decoder::default(), &got[..], Vec::new());
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
async fn a_playback_that_is_enough_once_ends_with_its_first_client() {
    let recording = stream(&[&[7_u8; 900][..]; 2000]);
    let stage = Stage::play(&recording, |args| args.once = true).await;
    let client = stage.client(usize::MAX);
    let socket = stage.socket();
    stage.playback.await.unwrap().unwrap();
    assert_eq!(client.await.unwrap(), recording);
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_client_that_leaves_is_no_trouble_to_others() {
    let recording = stream(&[&[7_u8; 900][..]; 2000]);
    let stage = Stage::play(&recording, |_| ()).await;
    assert_eq!(stage.client(10).await.unwrap(), &recording[..10]);
    assert_eq!(stage.client(usize::MAX).await.unwrap(), recording);
    stage.end().await.unwrap();
}

#[tokio::test]
async fn a_stop_ends_it_while_a_client_does_not_read_and_removes_the_socket() {
    let stage = Stage::play(&stream(&[&[7_u8; 900][..]; 2000]), |_| ()).await;
    let (socket, mut idle) = (stage.socket(), UnixStream::connect(stage.socket()).unwrap());
    assert_eq!(stage.client(10).await.unwrap().len(), 10);
    stage.end().await.unwrap();
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
async fn a_socket_that_nobody_listens_on_is_replaced() {
    let stage = Stage::start(
        &stream(&[b"a"]),
        |_| (),
        |socket| drop(UnixListener::bind(socket).unwrap()),
    );
    let client = loop {
        match UnixStream::connect(stage.socket()) {
            Ok(client) => break client,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    drop(client);
    stage.end().await.unwrap();
}

#[tokio::test]
async fn what_is_not_ours_is_left_alone() {
    let (other, plain) = (
        |socket: &PathBuf| UnixListener::bind(socket).unwrap(),
        b"precious",
    );
    let mut listener = None;
    let taken = Stage::start(b"", |_| (), |socket| listener = Some(other(socket)));
    let file = Stage::start(b"", |_| (), |socket| std::fs::write(socket, plain).unwrap());
    let absent = Stage::start(b"", |args| args.file = "/no/such/recording".into(), |_| ());
    let (taken_socket, file_socket) = (taken.socket(), file.socket());
    let (taken, taken_directory) = (taken.playback.await.unwrap(), taken.directory);
    let (file, file_directory) = (file.playback.await.unwrap(), file.directory);
    assert!(taken_socket.exists() && std::fs::read(&file_socket).unwrap() == plain);
    drop((taken_directory, file_directory, listener));
    for (result, expected) in [
        (taken, "somebody listens on"),
        (file, "exists and is not a socket"),
        (
            absent.playback.await.unwrap(),
            "cannot open the recording /no/such/recording: No such file",
        ),
    ] {
        let error = result.unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
