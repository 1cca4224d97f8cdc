//! Records as lines, written on a thread of their own: what the exporters that write lines have in
//! common.
//!
//! 1. [`mod@format`] and [`formatter`]: which lines there are, and the line of a record.
//! 2. [`sink`]: what an output of lines is.
//! 3. [`line_buffer`] and [`writer_thread`]: whole lines, written by a thread that may block.
//! 4. [`retry`] and [`line_writer`]: retries of failed writes, and the outcome of every record.

mod format;
mod formatter;
mod line_buffer;
mod line_writer;
mod retry;
mod sink;
mod writer_thread;

pub use formatter::LineFormatter;
pub use retry::WriteTimeouts;

#[cfg(test)]
pub(crate) use format::WRITABLE;
pub(crate) use format::{Format, check_signals};
pub(crate) use line_writer::{LineWriter, Output};
pub(crate) use sink::{LineSink, remove_end};
