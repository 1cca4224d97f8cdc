//! What is written to the connection, and when.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

use super::{CoalescingIo, FirstBytes, MAX_BUFFERED, RequestBuffers};

/// A connection that accepts up to `width` bytes at once, and returns `Pending` after each write.
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
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_full = !self.is_full && self.width < MAX_BUFFERED;
        if self.is_full {
            return Poll::Pending;
        }
        let mut bytes: Vec<u8> = slices
            .iter()
            .flat_map(|slice| slice.iter().copied())
            .collect();
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

/// Never sends anything.
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

/// Polls until the operation is ready.
fn done<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>) -> T {
    loop {
        if let Poll::Ready(result) = poll(&mut Context::from_waker(Waker::noop())) {
            return result.unwrap();
        }
    }
}

fn new<T: Write + Unpin>(io: T) -> CoalescingIo<T> {
    CoalescingIo::new(io, RequestBuffers::default(), FirstBytes::default())
}

/// Writes a frame as HTTP/2 does, and flushes.
fn send(io: &mut CoalescingIo<Narrow>, head: &[u8], payload: &[u8]) {
    let slices = [IoSlice::new(head), IoSlice::new(payload)];
    let written = done(|cx| Pin::new(&mut *io).poll_write_vectored(cx, &slices));
    assert_eq!(written, head.len() + payload.len());
    flush(io);
}

fn flush(io: &mut CoalescingIo<Narrow>) {
    done(|cx| Pin::new(&mut *io).poll_flush(cx));
}

#[test]
fn frames_are_written_together_at_the_second_flush() {
    let mut io = new(Narrow::new(MAX_BUFFERED));
    send(&mut io, b"first ", b"frame, ");
    send(&mut io, b"second ", b"");
    assert!(io.io.writes.is_empty());
    flush(&mut io);
    assert_eq!(io.io.writes, [b"first frame, second "]);
}

#[test]
fn a_deferred_flush_wakes_the_task() {
    let mut io = new(Narrow::new(MAX_BUFFERED));
    let wakes = Arc::<Wakes>::default();
    let waker = wakes.clone().into();
    let cx = &mut Context::from_waker(&waker);
    assert!(Pin::new(&mut io).poll_write(cx, b"frame").is_ready());
    assert!(Pin::new(&mut io).poll_flush(cx).is_ready());
    assert_eq!(
        (wakes.0.load(Ordering::Relaxed), io.io.writes.len()),
        (1, 0)
    );
    assert!(Pin::new(&mut io).poll_flush(cx).is_ready());
    assert_eq!(
        (wakes.0.load(Ordering::Relaxed), io.io.writes.len()),
        (1, 1)
    );
}

#[test]
fn a_read_writes_the_buffer_first() {
    let mut io = new(Narrow::new(MAX_BUFFERED));
    send(&mut io, b"", b"hello");
    let cx = &mut Context::from_waker(Waker::noop());
    let mut response = [0; 8];
    assert!(
        Pin::new(&mut io)
            .poll_read(cx, ReadBuf::new(&mut response).unfilled())
            .is_pending()
    );
    assert_eq!(io.io.writes, [b"hello"]);
}

#[test]
fn the_buffer_stays_within_its_limit() {
    let mut io = new(Narrow::new(MAX_BUFFERED));
    let frames = vec![7; 1 << 20];
    frames
        .chunks(MAX_BUFFERED / 5)
        .for_each(|frame| send(&mut io, b"", frame));
    assert!(io.len <= MAX_BUFFERED);
    flush(&mut io);
    assert_eq!(io.io.writes.concat(), frames);
    assert_eq!(io.io.writes[0].len(), MAX_BUFFERED / 5 * 5);
}

#[test]
fn a_connection_that_accepts_few_bytes_at_once_gets_all_of_them_in_order() {
    let request = Bytes::from_iter((0..300_000_u32).map(|n| (n / 7) as u8));
    let requests = RequestBuffers::default();
    let _registered = requests.register(&request);
    let mut sent = Vec::new();
    let mut io = CoalescingIo::new(Narrow::new(1_234), requests.clone(), FirstBytes::default());
    for (number, payload) in request.chunks(5_000).enumerate() {
        let head = [number as u8; 9];
        send(&mut io, &head, payload);
        sent.extend_from_slice(&[&head, payload].concat());
    }
    done(|cx| Pin::new(&mut io).poll_shutdown(cx));
    assert_eq!(io.io.writes.concat(), sent);
}

#[test]
fn chunks_of_a_request_are_shared_while_it_is_registered() {
    let requests = RequestBuffers::default();
    let request = Bytes::from(vec![1; 10_000]);
    let chunk = &request[100..5_000];
    let other = vec![1; 5_000];
    let registered = requests.register(&request);
    assert_eq!(requests.share_or_copy(chunk).as_ptr(), chunk.as_ptr());
    assert_ne!(requests.share_or_copy(&other).as_ptr(), other.as_ptr());
    drop(registered);
    assert_ne!(requests.share_or_copy(chunk).as_ptr(), chunk.as_ptr());
    assert!(request.is_unique());
}

/// A connection that sends these chunks.
struct Sending(Vec<&'static [u8]>);

impl Write for Sending {
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

impl Read for Sending {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(chunk) = self.0.first_mut() {
            let (sent, rest) = chunk.split_at(chunk.len().min(buf.remaining()));
            buf.put_slice(sent);
            *chunk = rest;
        }
        self.0.retain(|chunk| !chunk.is_empty());
        Poll::Ready(Ok(()))
    }
}

#[test]
fn the_first_bytes_read_are_stored_and_handed_on() {
    let first_bytes = FirstBytes::default();
    let sending = Sending(vec![b"HTTP/1.1 400 Bad Request\r\n", b"rest"]);
    let mut io = CoalescingIo::new(sending, RequestBuffers::default(), first_bytes.clone());
    let mut cx = Context::from_waker(Waker::noop());
    let mut received = Vec::new();
    for _ in 0..4 {
        let mut bytes = [0; 64];
        let mut read = ReadBuf::new(&mut bytes);
        assert!(
            Pin::new(&mut io)
                .poll_read(&mut cx, read.unfilled())
                .is_ready()
        );
        received.extend_from_slice(read.filled());
    }
    assert_eq!(
        String::from_utf8_lossy(&received),
        "HTTP/1.1 400 Bad Request\r\nrest"
    );
    assert_eq!(first_bytes.get(), b"HTTP/1.1 400 Bad");
}
