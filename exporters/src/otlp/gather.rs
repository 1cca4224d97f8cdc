//! A connection that writes HTTP/2 frames several at a time. They come one by one, most of them of
//! 16 KiB, and each would be a system call and a segment of its own, with a wake-up of whoever
//! reads it.
//!
//! For that, what frames carry has to be kept until enough has come. It is held where it lies, if
//! it is a part of a request that is [`Known`], and copied if not, as behind TLS.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

use super::remedy::{ENOUGH, FirstBytes};

/// Bytes that are gathered at most. The kernel sends no more at once.
const MOST: usize = 64 << 10;

/// Parts that are written at once. A frame has two.
const PARTS: usize = 16;

/// Smaller parts are not looked for among the requests.
const SMALL: usize = 1 << 10;

/// The requests under way; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Arc<Mutex<Vec<Bytes>>>);

/// A request that is known until this is dropped.
#[derive(Debug)]
pub(super) struct Knowing<'a> {
    known: &'a Known,
    request: Bytes,
}

impl Known {
    /// Makes a request known.
    pub(super) fn add(&self, request: &Bytes) -> Knowing<'_> {
        self.requests().push(request.clone());
        Knowing {
            known: self,
            request: request.clone(),
        }
    }

    /// Holds a part of a known request; copies anything else.
    fn hold(&self, part: &[u8]) -> Bytes {
        match self
            .requests()
            .iter()
            .find(|request| part.len() >= SMALL && is_in(part, request))
        {
            Some(request) => request.slice_ref(part),
            None => Bytes::copy_from_slice(part),
        }
    }

    fn requests(&self) -> MutexGuard<'_, Vec<Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Knowing<'_> {
    fn drop(&mut self) {
        let mut requests = self.known.requests();
        if let Some(at) = requests
            .iter()
            .position(|request| is_in(&self.request, request))
        {
            requests.swap_remove(at);
        }
    }
}

fn is_in(part: &[u8], whole: &[u8]) -> bool {
    let (part, whole) = (part.as_ptr_range(), whole.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}

/// A connection, and what is to be written to it.
#[derive(Debug)]
pub(super) struct Gather<T> {
    io: T,
    known: Known,
    parts: VecDeque<Bytes>,
    /// Bytes of all parts.
    len: usize,
    /// Whether any came since the last flush.
    is_fresh: bool,
    /// Gets what is read first; `None` when it has it.
    first: Option<FirstBytes>,
}

impl<T: Write + Unpin> Gather<T> {
    /// Writes to `io`. `first` gets what is read first.
    pub(super) fn new(io: T, known: Known, first: FirstBytes) -> Self {
        Self {
            io,
            known,
            parts: VecDeque::new(),
            len: 0,
            is_fresh: false,
            first: Some(first),
        }
    }

    /// Writes all that was gathered.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.len > 0 {
            let mut slices = [IoSlice::new(&[]); PARTS];
            self.parts
                .iter()
                .zip(&mut slices)
                .for_each(|(part, slice)| *slice = IoSlice::new(part));
            let slices = &slices[..PARTS.min(self.parts.len())];
            match ready!(Pin::new(&mut self.io).poll_write_vectored(cx, slices))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Lets go of what was written.
    fn advance(&mut self, mut written: usize) {
        self.len -= written;
        while let Some(part) = self.parts.front_mut().filter(|_| written > 0) {
            let here = written.min(part.len());
            part.advance(here);
            written -= here;
            if part.is_empty() {
                self.parts.pop_front();
            }
        }
    }
}

impl<T: Write + Unpin> Write for Gather<T> {
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
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = parts.iter().map(|part| part.len()).sum();
        if self.len + len > MOST {
            ready!(self.poll_drain(cx))?;
        }
        for part in parts.iter().filter(|part| !part.is_empty()) {
            let part = self.known.hold(part);
            self.parts.push_back(part);
        }
        self.len += len;
        self.is_fresh = true;
        Poll::Ready(Ok(len))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Leaves what has just come to the next flush, and sees to it that there is one: HTTP/2
    /// flushes behind each frame.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.is_fresh) {
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

impl<T: Read + Write + Unpin> Read for Gather<T> {
    /// Who reads waits for an answer to what was written, and may not flush again.
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(Err(error)) = self.poll_drain(cx) {
            return Poll::Ready(Err(error));
        }
        if self.first.is_some() {
            self.poll_first(cx, to)
        } else {
            Pin::new(&mut self.io).poll_read(cx, to)
        }
    }
}

impl<T: Read + Unpin> Gather<T> {
    /// Reads some bytes, and remembers them.
    fn poll_first(
        &mut self,
        cx: &mut Context<'_>,
        mut to: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; ENOUGH];
        let room = to.remaining().min(ENOUGH);
        let mut read = ReadBuf::new(&mut bytes[..room]);
        ready!(Pin::new(&mut self.io).poll_read(cx, read.unfilled()))?;
        to.put_slice(read.filled());
        if let Some(first) = self.first.take().filter(|_| !read.filled().is_empty()) {
            first.set(read.filled());
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
