//! Outputs of every temper.

use std::io::{self, ErrorKind, Write};
use std::sync::mpsc as blocking;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

/// What was written, a write each.
pub(crate) type Written = Arc<Mutex<Vec<Vec<u8>>>>;

type Take = dyn FnMut(&[u8]) -> io::Result<usize> + Send;

/// An output that does with each write what it was made to do.
pub(crate) struct Output(Box<Take>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    fn new(take: impl FnMut(&[u8]) -> io::Result<usize> + Send + 'static) -> Self {
        Self(Box::new(take))
    }

    /// Keeps all.
    pub(crate) fn into(written: &Written) -> Self {
        let written = Arc::clone(written);
        Self::new(move |bytes| {
            written.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        })
    }

    /// Takes nothing.
    pub(crate) fn failing(error: fn() -> io::Error) -> Self {
        Self::new(move |_| Err(error()))
    }

    /// Takes `room` bytes, then nothing until it is asked so many times, then all.
    pub(crate) fn full(
        written: &Written,
        room: usize,
        refusals: usize,
        error: fn() -> io::Error,
    ) -> Self {
        let (mut room, mut refusals) = (room, refusals);
        let mut inner = Self::into(written);
        Self::new(move |bytes| {
            if room > 0 {
                let taken = bytes.len().min(room);
                room -= taken;
                return inner.write(&bytes[..taken]);
            }
            if refusals == 0 {
                return inner.write(bytes);
            }
            refusals -= 1;
            Err(error())
        })
    }

    /// Keeps all, but not before the gate is dropped.
    pub(crate) fn stuck(written: &Written) -> (Self, blocking::Sender<()>) {
        let (gate, opened) = blocking::channel();
        let mut inner = Self::into(written);
        let output = Self::new(move |bytes| {
            let _ = opened.recv();
            inner.write(bytes)
        });
        (output, gate)
    }

    /// Hands on what it is given.
    pub(crate) fn watched() -> (Self, mpsc::UnboundedReceiver<Vec<u8>>) {
        let (seen, watch) = mpsc::unbounded_channel();
        let output = Self::new(move |bytes| {
            seen.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        });
        (output, watch)
    }

    /// Is busy, then interrupted, then takes 100 bytes, over and over.
    pub(crate) fn reluctant(written: &Written) -> Self {
        let mut turns = [
            Some(ErrorKind::WouldBlock),
            Some(ErrorKind::Interrupted),
            None,
        ]
        .into_iter()
        .cycle();
        let mut inner = Self::into(written);
        Self::new(move |bytes| match turns.next().flatten() {
            Some(refusal) => Err(refusal.into()),
            None => inner.write(&bytes[..bytes.len().min(100)]),
        })
    }
}
