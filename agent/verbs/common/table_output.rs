//! A table on standard output, in bounded memory.

use std::io::{self, BufWriter, Write};

use tidegate_format::hubble::Table;

/// The number of bytes of rows that are held to be aligned together: some hundred thousand flows.
/// Columns of the rows behind them can be wider.
const MAX_HELD: usize = 64 << 20;

/// Rows that are printed when all are known, or when there are too many.
#[derive(Default)]
pub(crate) struct TableOutput {
    table: Table,
}

impl TableOutput {
    /// Adds whole rows.
    pub(crate) fn push(&mut self, rows: &str, out: &mut impl Write) -> io::Result<()> {
        self.table.push(rows);
        if self.table.len() < MAX_HELD {
            return Ok(());
        }
        self.flush(out)
    }

    /// Prints the rows that are held.
    pub(crate) fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(64 << 10, out);
        self.table.flush(|row| out.write_all(row.as_bytes()))?;
        out.flush()
    }
}
