//! The exposition as the body of a response. It is written in chunks when the scraper reads them,
//! so that it takes little more memory than one chunk, and the table is locked for a few rows at a
//! time.

use std::convert::Infallible;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use axum::http::StatusCode;
use bytes::Bytes;
use http_body::{Body, Frame};
use tidegate_format::exposition::{ExpositionWriter, Format};
use tokio::time::Instant;

use super::labels::SortedLabels;
use super::shared::Shared;
use super::table::FamilyRows;
use crate::http::{BodyEncoder, ContentCoding};

/// The number of rows that are copied out of the table under one lock.
const MAX_ROWS: usize = 256;
/// The number of bytes after which a chunk is complete.
const CHUNK_BYTES: usize = 64 << 10;

/// Writes the exposition.
pub(super) struct ExpositionBody {
    shared: Arc<Shared>,
    /// A chunk that was written but not sent.
    first_chunk: Option<Vec<u8>>,
    /// `None` after the last chunk.
    writer: Option<ExpositionWriter>,
    /// `None` after the last chunk.
    encoder: Option<BodyEncoder>,
    /// The current family.
    name: Option<String>,
    /// The row of the current family that was written last.
    last_row: Option<SortedLabels>,
    remaining_names: vec::IntoIter<String>,
    /// Whether other tasks have run since the last chunk.
    has_yielded: bool,
    start: Instant,
    is_recorded: bool,
}

impl ExpositionBody {
    /// For a request that arrived at `start`.
    ///
    /// # Errors
    ///
    /// If the compressor has no memory.
    pub(super) fn new(
        shared: Arc<Shared>,
        format: Format,
        coding: ContentCoding,
        start: Instant,
    ) -> io::Result<Self> {
        let mut names = shared.table().names().into_iter();
        Ok(Self {
            shared,
            first_chunk: None,
            writer: Some(ExpositionWriter::new(format)),
            encoder: Some(BodyEncoder::new(coding)?),
            name: names.next(),
            last_row: None,
            remaining_names: names,
            has_yielded: true,
            start,
            is_recorded: false,
        })
    }

    /// Returns a chunk, which was its first, to the body.
    pub(super) fn starting_with(mut self, first_chunk: Vec<u8>) -> Self {
        self.first_chunk = Some(first_chunk);
        self
    }

    /// Returns the next chunk, which is empty if the compressor needs more; `None` after the last.
    pub(super) fn next_chunk(&mut self) -> Option<Vec<u8>> {
        if self.first_chunk.is_some() {
            return self.first_chunk.take();
        }
        let text = self.write_chunk()?.into_bytes();
        match self.encode(text) {
            Ok(chunk) => {
                self.shared.bytes.add(chunk.len() as u64);
                Some(chunk)
            }
            Err(error) => {
                // The scraper sees that the body is incomplete.
                tracing::warn!(%error, "cannot compress the metrics");
                self.writer = None;
                self.encoder = None;
                None
            }
        }
    }

    fn encode(&mut self, text: Vec<u8>) -> io::Result<Vec<u8>> {
        let Some(mut encoder) = self.encoder.take() else {
            return Ok(Vec::new());
        };
        let mut chunk = encoder.encode(text)?;
        if self.writer.is_some() {
            self.encoder = Some(encoder);
        } else {
            chunk.append(&mut encoder.finish()?);
        }
        Ok(chunk)
    }

    /// Writes the next chunk.
    fn write_chunk(&mut self) -> Option<String> {
        let mut writer = self.writer.take()?;
        while let Some(name) = self.name.take() {
            if writer.buffered() >= CHUNK_BYTES {
                let chunk = writer.take();
                self.name = Some(name);
                self.writer = Some(writer);
                return Some(chunk);
            }
            self.write_rows(&mut writer, name);
        }
        self.record();
        Some(writer.finish())
    }

    /// Whether there is no further chunk.
    pub(super) fn is_finished(&self) -> bool {
        self.writer.is_none() && self.first_chunk.is_none()
    }

    /// Writes the next rows of a family, and moves on to the next family after the last row.
    fn write_rows(&mut self, writer: &mut ExpositionWriter, name: String) {
        let rows = self
            .shared
            .table()
            .rows(&name, self.last_row.as_ref(), MAX_ROWS);
        let is_first = self.last_row.is_none();
        self.last_row = rows.and_then(|rows| write(writer, rows, is_first));
        self.name = if self.last_row.is_some() {
            Some(name)
        } else {
            self.remaining_names.next()
        };
    }

    /// Counts the response. This is done before the last chunk is sent, so that the next scrape
    /// shows it.
    fn record(&mut self) {
        if !mem::replace(&mut self.is_recorded, true) {
            self.shared
                .record_response(StatusCode::OK, self.start.elapsed());
        }
    }
}

/// Writes rows of a family. Returns the last one if there may be more.
fn write(
    writer: &mut ExpositionWriter,
    mut rows: FamilyRows,
    is_first: bool,
) -> Option<SortedLabels> {
    let family = &rows.family;
    if is_first {
        writer.family(&family.name, &family.help, &family.kind);
    }
    for (labels, value) in &rows.samples {
        writer.sample_with_labels(labels.pairs(), value);
    }
    if rows.samples.len() < MAX_ROWS {
        None
    } else {
        rows.samples.pop().map(|(labels, _)| labels)
    }
}

/// Counts a response that the scraper did not read to its end.
impl Drop for ExpositionBody {
    fn drop(&mut self) {
        self.record();
    }
}

impl Body for ExpositionBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.has_yielded = !self.has_yielded;
        if self.has_yielded && !self.is_finished() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.next_chunk() {
            Some(chunk) if chunk.is_empty() && !self.is_finished() => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            chunk => Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk.into())))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_finished()
    }
}
