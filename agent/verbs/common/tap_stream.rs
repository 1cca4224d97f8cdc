//! A tap of a running agent: its request, and its lines on standard output.

use std::io::{self, Write as _};

use form_urlencoded::Serializer;
use hyper::StatusCode;
use tidegate_model::Kinds;

use super::quantity::grouped;
use super::table_output::TableOutput;
use crate::client::{ClientError, Response};
use crate::error::Error;
use crate::telemetry::{FilterWord, TapFormat, TapLines, TapProgress};

/// What a tap shows.
pub(crate) struct TapQuery<'a> {
    pub(crate) stage: &'a str,
    pub(crate) pipeline: Option<&'a str>,
    pub(crate) kinds: Kinds,
    pub(crate) filters: &'a [FilterWord],
    pub(crate) lines: TapLines,
    pub(crate) rate: u32,
    pub(crate) count: Option<u64>,
}

impl TapQuery<'_> {
    /// The path and the query of the request.
    pub(crate) fn page(&self) -> String {
        let mut query = Serializer::new("/debug/tap?".to_owned());
        query.append_pair("stage", self.stage);
        query.append_pair("rate", &self.rate.to_string());
        if let Some(pipeline) = self.pipeline {
            query.append_pair("pipeline", pipeline);
        }
        if let Some(count) = self.count {
            query.append_pair("count", &count.to_string());
        }
        if self.kinds != Kinds::ALL {
            let names: Vec<_> = self.kinds.iter().map(|kind| kind.name()).collect();
            query.append_pair("kinds", &names.join(","));
        }
        query.extend_pairs(self.lines.parameters());
        query.extend_pairs(self.filters.iter().map(|word| ("filter", word.to_string())));
        query.finish()
    }
}

/// Turns a bad request into wrong usage, which it is: the agent checks the arguments.
pub(crate) fn usage_error(error: ClientError) -> Error {
    match error {
        ClientError::Refused {
            status: StatusCode::BAD_REQUEST,
            text,
        } => Error::Usage(text),
        other => other.into(),
    }
}

/// Prints records to standard output and progress to standard error.
pub(crate) struct TapPrinter {
    format: TapFormat,
    /// Aligns the rows of a table.
    table: Option<TableOutput>,
    /// The last line, if it is incomplete.
    rest: Vec<u8>,
    progress: ProgressReport,
}

/// The progress on standard error.
#[derive(Default)]
struct ProgressReport {
    /// Number of printed records.
    records: u64,
    /// The last progress received.
    received: TapProgress,
    /// The last progress reported.
    reported: Option<TapProgress>,
    is_silent: bool,
}

impl TapPrinter {
    pub(crate) fn new(format: TapFormat) -> Self {
        Self {
            format,
            table: (format == TapFormat::Table).then(TableOutput::default),
            rest: Vec::new(),
            progress: ProgressReport::default(),
        }
    }

    /// Prints the lines of a response, each chunk at once. Safe to cancel.
    pub(crate) async fn print(&mut self, mut response: Response) -> Result<(), Error> {
        while let Some(chunk) = response.chunk().await? {
            self.rest.extend_from_slice(&chunk);
            let complete = self
                .rest
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1);
            let lines: Vec<u8> = self.rest.drain(..complete).collect();
            self.print_lines(&lines)?;
        }
        Ok(())
    }

    fn print_lines(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut records = Vec::with_capacity(lines.len());
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            match std::str::from_utf8(line)
                .ok()
                .and_then(|line| TapProgress::parse(line.trim_end()))
            {
                Some(progress) => self.progress.receive(progress),
                None => {
                    records.extend_from_slice(line);
                    self.progress.records += u64::from(self.format.begins_record(line));
                }
            }
        }
        let mut out = io::stdout().lock();
        match &mut self.table {
            Some(table) => table.push(&String::from_utf8_lossy(&records), &mut out)?,
            None => out.write_all(&records)?,
        }
        out.flush()
    }

    /// Prints what is left of a table, and the final progress: always, or only if not every record
    /// that matched was printed.
    pub(crate) fn finish(&mut self, always: bool) -> io::Result<()> {
        if let Some(table) = &mut self.table {
            table.flush(&mut io::stdout().lock())?;
        }
        self.progress.finish(always);
        Ok(())
    }

    /// Prints no progress.
    pub(crate) fn silent(mut self) -> Self {
        self.progress.is_silent = true;
        self
    }
}

impl ProgressReport {
    /// Takes new progress, and reports it if more records are hidden than at the last report.
    fn receive(&mut self, progress: TapProgress) {
        self.received = progress;
        let before = self.reported.map_or(0, TapProgress::hidden);
        if progress.hidden() > before {
            self.report();
        }
    }

    /// Reports the final progress, which includes records printed since the last progress received.
    fn finish(&mut self, always: bool) {
        let TapProgress { matched, seen, .. } = self.received;
        let shown = self.records;
        self.received = TapProgress {
            shown,
            matched: matched.max(shown),
            seen: seen.max(shown),
        };
        if always || self.received.hidden() > 0 {
            self.report();
        }
    }

    /// Reports the progress, unless it is unchanged.
    fn report(&mut self) {
        if self.reported.replace(self.received) != Some(self.received) && !self.is_silent {
            print_shown(self.received);
        }
    }
}

/// Prints how many records were shown to standard error, which may be closed.
pub(crate) fn print_shown(progress: TapProgress) {
    let TapProgress {
        shown,
        matched,
        seen,
    } = progress;
    let unmatched = if matched == seen {
        String::new()
    } else {
        format!(" that match, {} in all", grouped(seen))
    };
    let _ = writeln!(
        io::stderr(),
        "shown {} of {}{unmatched}",
        grouped(shown),
        grouped(matched)
    );
}
