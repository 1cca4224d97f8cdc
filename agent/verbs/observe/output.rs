//! Records on standard output.

use std::io::{self, Write as _};

use tidegate_model::Record;

use crate::telemetry::{LineFormatter, TapFormat, TapLines};
use crate::verbs::common::table_output::TableOutput;

/// The number of bytes of text from which it is written without collecting more.
const WRITE_BYTES: usize = 64 << 10;

/// Writes records to standard output in whole lines.
pub(super) struct Output {
    formatter: LineFormatter,
    /// Lines that are not written, or rows that are not in the table.
    text: String,
    table: Option<TableOutput>,
}

impl Output {
    pub(super) fn new(lines: TapLines, node_name: &str) -> Self {
        Self {
            formatter: LineFormatter::new(lines, node_name),
            text: String::new(),
            table: (lines.format == TapFormat::Table).then(TableOutput::default),
        }
    }

    /// Adds a record. Writes if much has been collected.
    pub(super) fn push(&mut self, record: &Record) -> io::Result<()> {
        self.formatter.push(&mut self.text, record, &[]);
        if self.is_full() { self.write() } else { Ok(()) }
    }

    /// Whether so much has been collected that it should be written.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= WRITE_BYTES
    }

    /// Writes what has been collected, so that it can be read at once; rows go to the table.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match &mut self.table {
            Some(table) => table.push(&self.text, &mut out)?,
            None => out.write_all(self.text.as_bytes())?,
        }
        self.text.clear();
        out.flush()
    }

    /// Writes everything.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.write()?;
        match &mut self.table {
            Some(table) => table.flush(&mut io::stdout().lock()),
            None => Ok(()),
        }
    }

    /// Drops what was not written.
    pub(super) fn discard(&mut self) {
        self.text.clear();
        self.table = None;
    }
}
