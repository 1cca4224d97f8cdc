//! The exposition as the body of a response, in pieces that are written when the scraper takes
//! them: of however many series, little more than one piece is in memory, and the table is held for
//! a few rows at a time.

use std::convert::Infallible;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use axum::http::StatusCode;
use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::labels::Labels;
use super::table::Portion;
use tidegate_format::exposition::{ExpositionWriter, Format};

/// Rows that are copied out of the table at once.
const ROWS: usize = 256;
/// Bytes of a piece, but for the rows that make it full.
const PIECE: usize = 64 << 10;

/// What is still to be written.
pub(super) struct Pieces {
    endpoint: Arc<Endpoint>,
    /// A piece that was written and has not been sent.
    ready: Option<String>,
    writer: Option<ExpositionWriter>,
    /// The families to come, and the row of the current one that was written last.
    names: vec::IntoIter<String>,
    name: Option<String>,
    behind: Option<Labels>,
    /// Whether other tasks have had their turn since the last piece.
    yielded: bool,
    since: Instant,
    is_counted: bool,
}

impl Pieces {
    /// Nothing of it is written yet.
    pub(super) fn new(endpoint: Arc<Endpoint>, format: Format, since: Instant) -> Self {
        let mut names = endpoint.table().names().into_iter();
        let (name, writer) = (names.next(), Some(ExpositionWriter::new(format)));
        Self {
            endpoint,
            ready: None,
            writer,
            names,
            name,
            behind: None,
            yielded: true,
            since,
            is_counted: false,
        }
    }

    /// Puts a piece back, to be sent first.
    pub(super) fn after(mut self, first: String) -> Self {
        self.ready = Some(first);
        self
    }

    /// The next piece; `None` behind the last one.
    pub(super) fn piece(&mut self) -> Option<String> {
        if self.ready.is_some() {
            return self.ready.take();
        }
        let mut writer = self.writer.take()?;
        while let Some(name) = self.name.take() {
            if writer.buffered() >= PIECE {
                let piece = writer.take();
                (self.name, self.writer) = (Some(name), Some(writer));
                return Some(piece);
            }
            let portion = self
                .endpoint
                .table()
                .portion(&name, self.behind.as_ref(), ROWS);
            let begins = self.behind.is_none();
            self.behind = portion.and_then(|portion| write(&mut writer, portion, begins));
            self.name = if self.behind.is_some() {
                Some(name)
            } else {
                self.names.next()
            };
        }
        self.count();
        Some(writer.finish())
    }

    /// Whether there is no further piece.
    pub(super) fn is_done(&self) -> bool {
        self.writer.is_none() && self.ready.is_none()
    }

    /// Before the last piece goes out, so that the next scrape shows this one.
    fn count(&mut self) {
        if !mem::replace(&mut self.is_counted, true) {
            self.endpoint.answered(StatusCode::OK, self.since);
        }
    }
}

/// Writes some rows. Returns the last of them, if there may be more.
fn write(
    writer: &mut ExpositionWriter,
    Portion {
        family,
        mut samples,
    }: Portion,
    begins: bool,
) -> Option<Labels> {
    if begins {
        writer.family(&family.name, &family.help, &family.unit, &family.kind);
    }
    for (labels, value) in &samples {
        writer.sample_with_labels(labels.pairs(), value);
    }
    if samples.len() < ROWS {
        None
    } else {
        samples.pop().map(|(labels, _)| labels)
    }
}

/// A scraper that went away has been answered, too.
impl Drop for Pieces {
    fn drop(&mut self) {
        self.count();
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.yielded = !self.yielded;
        if self.yielded && !self.is_done() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.piece().map(|piece| Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_done()
    }
}
