//! Aligns rows of cells in columns, as Go's `text/tabwriter` does for Hubble.

/// The number of spaces after the widest cell of a column.
const PADDING: usize = 3;

/// Rows of cells that are aligned when all are known. A cell ends with a tab, the last one of a row
/// with a line feed.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: String,
    /// The width of the widest cell of each column but the last, in characters.
    widths: Vec<usize>,
}

impl Table {
    /// Adds whole rows.
    pub fn push(&mut self, rows: &str) {
        for row in rows.lines() {
            let mut cells = row.split('\t').peekable();
            let mut column = 0;
            while let Some(cell) = cells.next()
                && cells.peek().is_some()
            {
                if column == self.widths.len() {
                    self.widths.push(0);
                }
                self.widths[column] = self.widths[column].max(cell.chars().count());
                column += 1;
            }
        }
        self.rows.push_str(rows);
    }

    /// The number of bytes of the rows that are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no rows are held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Calls `write` with each row that is held, aligned, and forgets them. Rows that follow are at
    /// least as wide.
    ///
    /// # Errors
    ///
    /// The first error of `write`, after which no rows are held either.
    pub fn flush<E>(&mut self, mut write: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let rows = std::mem::take(&mut self.rows);
        let mut line = String::new();
        rows.lines().try_for_each(|row| {
            line.clear();
            self.push_aligned(&mut line, row);
            write(&line)
        })
    }

    fn push_aligned(&self, out: &mut String, row: &str) {
        let mut cells = row.split('\t').peekable();
        let mut widths = self.widths.iter();
        while let Some(cell) = cells.next() {
            out.push_str(cell);
            if cells.peek().is_some() {
                let width = widths.next().copied().unwrap_or_default() + PADDING;
                let padding = width.saturating_sub(cell.chars().count());
                out.extend(std::iter::repeat_n(' ', padding));
            }
        }
        out.push('\n');
    }
}
