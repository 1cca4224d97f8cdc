//! A connection that writes several HTTP/2 frames at once. hyper writes each frame, most of them of
//! 16 KiB, on its own: a system call, a TCP segment and a wake-up of the reader for each.
//!
//! Frames are buffered until there is enough to write. A part of a registered request
//! ([`RequestBuffers`]) is buffered by reference and anything else is copied. With TLS everything
//! is copied, since the connection sees encrypted bytes.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

use super::first_bytes::{FIRST_BYTES_LEN, FirstBytes};

/// Bytes buffered at most; the kernel sends no more at once.
const MAX_BUFFERED: usize = 64 << 10;

/// Chunks in one write. A frame has two.
const MAX_SLICES: usize = 16;

/// Shorter chunks are copied without a search among the requests.
const MIN_SHARED_LEN: usize = 1 << 10;

/// The requests in flight, whose bytes can be shared instead of copied; clones share the list.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestBuffers(Arc<Mutex<Vec<Bytes>>>);

/// Keeps a request registered until it is dropped.
#[derive(Debug)]
pub(super) struct RegisteredRequest<'a> {
    requests: &'a RequestBuffers,
    request: Bytes,
}

/// A connection with a buffer for writes.
#[derive(Debug)]
pub(super) struct CoalescingIo<T> {
    io: T,
    requests: RequestBuffers,
    chunks: VecDeque<Bytes>,
    /// Bytes of all chunks.
    len: usize,
    /// Whether bytes were written since the last flush.
    has_new_bytes: bool,
    /// Receives the first bytes that are read; `None` afterwards.
    first_bytes: Option<FirstBytes>,
}

impl RequestBuffers {
    /// Registers a request.
    pub(super) fn register(&self, request: &Bytes) -> RegisteredRequest<'_> {
        self.lock().push(request.clone());
        RegisteredRequest {
            requests: self,
            request: request.clone(),
        }
    }

    /// Shares a chunk of a registered request; copies any other.
    fn share_or_copy(&self, chunk: &[u8]) -> Bytes {
        match self
            .lock()
            .iter()
            .find(|request| chunk.len() >= MIN_SHARED_LEN && contains(request, chunk))
        {
            Some(request) => request.slice_ref(chunk),
            None => Bytes::copy_from_slice(chunk),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RegisteredRequest<'_> {
    fn drop(&mut self) {
        let mut requests = self.requests.lock();
        if let Some(index) = requests
            .iter()
            .position(|request| contains(request, &self.request))
        {
            requests.swap_remove(index);
        }
    }
}

/// Returns whether `part` lies within the memory of `whole`.
fn contains(whole: &[u8], part: &[u8]) -> bool {
    let whole = whole.as_ptr_range();
    let part = part.as_ptr_range();
    whole.start <= part.start && part.end <= whole.end
}

impl<T: Write + Unpin> CoalescingIo<T> {
    /// Wraps `io`. What is read first goes to `first_bytes`.
    pub(super) fn new(io: T, requests: RequestBuffers, first_bytes: FirstBytes) -> Self {
        Self {
            io,
            requests,
            chunks: VecDeque::new(),
            len: 0,
            has_new_bytes: false,
            first_bytes: Some(first_bytes),
        }
    }

    /// Writes everything that is buffered.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.len > 0 {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            self.chunks
                .iter()
                .zip(&mut slices)
                .for_each(|(chunk, slice)| *slice = IoSlice::new(chunk));
            let slices = &slices[..MAX_SLICES.min(self.chunks.len())];
            match ready!(Pin::new(&mut self.io).poll_write_vectored(cx, slices))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Removes what was written from the buffer.
    fn advance(&mut self, mut written: usize) {
        self.len -= written;
        while let Some(chunk) = self.chunks.front_mut().filter(|_| written > 0) {
            let n = written.min(chunk.len());
            chunk.advance(n);
            written -= n;
            if chunk.is_empty() {
                self.chunks.pop_front();
            }
        }
    }
}

impl<T: Write + Unpin> Write for CoalescingIo<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = slices.iter().map(|slice| slice.len()).sum();
        if self.len + len > MAX_BUFFERED {
            ready!(self.poll_drain(cx))?;
        }
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            let chunk = self.requests.share_or_copy(slice);
            self.chunks.push_back(chunk);
        }
        self.len += len;
        self.has_new_bytes = true;
        Poll::Ready(Ok(len))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Defers new bytes to the next flush, for which it wakes the task: hyper flushes after each
    /// frame.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.has_new_bytes) {
            cx.waker().wake_by_ref();
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<T: Read + Write + Unpin> Read for CoalescingIo<T> {
    /// Writes the buffer first: a reader may wait for the response without another flush.
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(Err(error)) = self.poll_drain(cx) {
            return Poll::Ready(Err(error));
        }
        if self.first_bytes.is_some() {
            self.poll_read_first(cx, buf)
        } else {
            Pin::new(&mut self.io).poll_read(cx, buf)
        }
    }
}

impl<T: Read + Unpin> CoalescingIo<T> {
    /// Reads the first bytes, and stores them.
    fn poll_read_first(
        &mut self,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; FIRST_BYTES_LEN];
        let room = buf.remaining().min(FIRST_BYTES_LEN);
        let mut read = ReadBuf::new(&mut bytes[..room]);
        ready!(Pin::new(&mut self.io).poll_read(cx, read.unfilled()))?;
        buf.put_slice(read.filled());
        let is_empty = read.filled().is_empty();
        if let Some(first_bytes) = self.first_bytes.take().filter(|_| !is_empty) {
            first_bytes.set(read.filled());
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
