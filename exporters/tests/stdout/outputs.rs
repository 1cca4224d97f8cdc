//! Outputs that fail, block or accept little.

use std::io::{self, ErrorKind, Write};
use std::sync::mpsc as blocking;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

/// The bytes of each write.
pub(crate) type Written = Arc<Mutex<Vec<Vec<u8>>>>;

type Take = dyn FnMut(&[u8]) -> io::Result<usize> + Send;

/// An output that handles each write with a function.
pub(crate) struct TestOutput(Box<Take>);

impl Write for TestOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TestOutput {
    fn new(take: impl FnMut(&[u8]) -> io::Result<usize> + Send + 'static) -> Self {
        Self(Box::new(take))
    }

    /// Accepts everything.
    pub(crate) fn into(written: &Written) -> Self {
        let written = Arc::clone(written);
        Self::new(move |bytes| {
            written.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        })
    }

    /// Fails every write.
    pub(crate) fn failing(error: fn() -> io::Error) -> Self {
        Self::new(move |_| Err(error()))
    }

    /// Accepts `room` bytes, then fails `failures` times, then accepts everything.
    pub(crate) fn full(
        written: &Written,
        mut room: usize,
        mut failures: usize,
        error: fn() -> io::Error,
    ) -> Self {
        let mut inner = Self::into(written);
        Self::new(move |bytes| {
            if room > 0 {
                let taken = bytes.len().min(room);
                room -= taken;
                return inner.write(&bytes[..taken]);
            }
            if failures == 0 {
                return inner.write(bytes);
            }
            failures -= 1;
            Err(error())
        })
    }

    /// Accepts everything after the gate is dropped, and blocks before.
    pub(crate) fn blocked(written: &Written) -> (Self, blocking::Sender<()>) {
        let (gate, opened) = blocking::channel();
        let mut inner = Self::into(written);
        let output = Self::new(move |bytes| {
            let _ = opened.recv();
            inner.write(bytes)
        });
        (output, gate)
    }

    /// Sends what is written to a channel.
    pub(crate) fn observed() -> (Self, mpsc::UnboundedReceiver<Vec<u8>>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let output = Self::new(move |bytes| {
            sender.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        });
        (output, receiver)
    }

    /// Repeatedly returns `WouldBlock`, then `Interrupted`, then accepts 100 bytes.
    pub(crate) fn slow(written: &Written) -> Self {
        let mut errors = [
            Some(ErrorKind::WouldBlock),
            Some(ErrorKind::Interrupted),
            None,
        ]
        .into_iter()
        .cycle();
        let mut inner = Self::into(written);
        Self::new(move |bytes| match errors.next().flatten() {
            Some(kind) => Err(kind.into()),
            None => inner.write(&bytes[..bytes.len().min(100)]),
        })
    }
}
