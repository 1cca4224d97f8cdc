//! What reaches the connection, and when.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

use super::{FirstBytes, Gather, Known, MOST};

/// A connection that takes so many bytes at once, and after each write none until it is asked
/// again.
struct Narrow {
    width: usize,
    is_full: bool,
    writes: Vec<Vec<u8>>,
}

impl Narrow {
    fn new(width: usize) -> Self {
        Self {
            width,
            is_full: false,
            writes: Vec::new(),
        }
    }
}

impl Write for Narrow {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_full = !self.is_full && self.width < MOST;
        if self.is_full {
            return Poll::Pending;
        }
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        bytes.truncate(self.width);
        self.writes.push(bytes);
        Poll::Ready(Ok(self.writes[self.writes.len() - 1].len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Nothing comes back.
impl Read for Narrow {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls until it is ready.
fn done<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>) -> T {
    loop {
        if let Poll::Ready(result) = poll(&mut Context::from_waker(Waker::noop())) {
            return result.unwrap();
        }
    }
}

/// Writes a frame as HTTP/2 does, and flushes.
fn send(to: &mut Gather<Narrow>, head: &[u8], payload: &[u8]) {
    let parts = [IoSlice::new(head), IoSlice::new(payload)];
    let written = done(|cx| Pin::new(&mut *to).poll_write_vectored(cx, &parts));
    assert_eq!(written, head.len() + payload.len());
    flush(to);
}

fn flush(to: &mut Gather<Narrow>) {
    done(|cx| Pin::new(&mut *to).poll_flush(cx));
}

#[test]
fn frames_are_written_as_one_when_no_more_come() {
    let mut gather = Gather::new(Narrow::new(MOST), Known::default(), FirstBytes::default());
    send(&mut gather, b"first ", b"frame, ");
    send(&mut gather, b"second ", b"");
    assert!(gather.io.writes.is_empty());
    flush(&mut gather);
    assert_eq!(gather.io.writes, [b"first frame, second "]);
}

#[test]
fn a_flush_that_is_put_off_is_asked_for_again() {
    let (mut gather, wakes) = (
        Gather::new(Narrow::new(MOST), Known::default(), FirstBytes::default()),
        Arc::<Wakes>::default(),
    );
    let waker = wakes.clone().into();
    let cx = &mut Context::from_waker(&waker);
    assert!(Pin::new(&mut gather).poll_write(cx, b"frame").is_ready());
    assert!(Pin::new(&mut gather).poll_flush(cx).is_ready());
    assert_eq!(
        (wakes.0.load(Ordering::Relaxed), gather.io.writes.len()),
        (1, 0)
    );
    assert!(Pin::new(&mut gather).poll_flush(cx).is_ready());
    assert_eq!(
        (wakes.0.load(Ordering::Relaxed), gather.io.writes.len()),
        (1, 1)
    );
}

#[test]
fn whoever_waits_for_an_answer_has_written_all() {
    let mut gather = Gather::new(Narrow::new(MOST), Known::default(), FirstBytes::default());
    send(&mut gather, b"", b"hello");
    let (cx, mut answer) = (&mut Context::from_waker(Waker::noop()), [0; 8]);
    assert!(
        Pin::new(&mut gather)
            .poll_read(cx, ReadBuf::new(&mut answer).unfilled())
            .is_pending()
    );
    assert_eq!(gather.io.writes, [b"hello"]);
}

#[test]
fn no_more_than_the_limit_is_gathered() {
    let mut gather = Gather::new(Narrow::new(MOST), Known::default(), FirstBytes::default());
    let frames = vec![7; 1 << 20];
    frames
        .chunks(MOST / 5)
        .for_each(|frame| send(&mut gather, b"", frame));
    assert!(gather.len <= MOST);
    flush(&mut gather);
    assert_eq!(gather.io.writes.concat(), frames);
    assert_eq!(gather.io.writes[0].len(), MOST / 5 * 5);
}

#[test]
fn a_connection_that_takes_little_at_once_gets_all_in_order() {
    let request = Bytes::from_iter((0..300_000_u32).map(|n| (n / 7) as u8));
    let (known, mut sent) = (Known::default(), Vec::new());
    let _knowing = known.add(&request);
    let mut gather = Gather::new(Narrow::new(1_234), known.clone(), FirstBytes::default());
    for (number, payload) in request.chunks(5_000).enumerate() {
        let head = [number as u8; 9];
        send(&mut gather, &head, payload);
        sent.extend_from_slice(&[&head, payload].concat());
    }
    done(|cx| Pin::new(&mut gather).poll_shutdown(cx));
    assert_eq!(gather.io.writes.concat(), sent);
}

#[test]
fn parts_of_a_request_are_held_as_long_as_it_is_known() {
    let (known, request) = (Known::default(), Bytes::from(vec![1; 10_000]));
    let (part, other) = (&request[100..5_000], vec![1; 5_000]);
    let knowing = known.add(&request);
    assert_eq!(known.hold(part).as_ptr(), part.as_ptr());
    assert_ne!(known.hold(&other).as_ptr(), other.as_ptr());
    drop(knowing);
    assert_ne!(known.hold(part).as_ptr(), part.as_ptr());
    assert!(request.is_unique());
}

/// A connection that hands out these bytes in parts.
struct Speaks(Vec<&'static [u8]>);

impl Write for Speaks {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Read for Speaks {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut to: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(part) = self.0.first_mut() {
            let (now, later) = part.split_at(part.len().min(to.remaining()));
            to.put_slice(now);
            *part = later;
        }
        self.0.retain(|part| !part.is_empty());
        Poll::Ready(Ok(()))
    }
}

#[test]
fn what_is_read_first_is_remembered_and_nothing_is_lost_of_it() {
    let first = FirstBytes::default();
    let speaks = Speaks(vec![b"HTTP/1.1 400 Bad Request\r\n", b"rest"]);
    let mut gather = Gather::new(speaks, Known::default(), first.clone());
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    for _ in 0..4 {
        let mut bytes = [0; 64];
        let mut read = ReadBuf::new(&mut bytes);
        assert!(
            Pin::new(&mut gather)
                .poll_read(&mut cx, read.unfilled())
                .is_ready()
        );
        all.extend_from_slice(read.filled());
    }
    assert_eq!(
        String::from_utf8_lossy(&all),
        "HTTP/1.1 400 Bad Request\r\nrest"
    );
    assert_eq!(
        format!("{first:?}"),
        format!("{:?}", {
            let same = FirstBytes::default();
            same.set(b"HTTP/1.1 400 Bad");
            same
        })
    );
}
