//! The output of the exporter: opens, rotates and closes files between lines.

use std::fs;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustix::io::Errno;
use tidegate_runtime::telemetry::{Counter, Gauge};

use super::compressor::Compressor;
use super::control::{Control, Reopened};
use super::directory::{newest, remove_old, remove_unfinished};
use super::names::FileNames;
use super::output_file::{Creation, OutputFile};
use super::problems::{Operation, Problems};
use super::renaming::rename;
use super::rotation::Rotation;
use super::stamp::Stamp;
use crate::lines::LineSink;

/// How often it is checked whether the file is still the one at the path, and how long it is.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// How often old files are removed and compressions tried again, besides after each rotation.
const CLEANING_INTERVAL: Duration = Duration::from_secs(60);

/// The number of names that are tried for a rotated file.
const MAX_NAMES: usize = 1_000;

/// Writes to the current file.
pub(super) struct RotatingSink {
    pub(super) names: FileNames,
    pub(super) creation: Creation,
    /// `None` if files are not rotated.
    pub(super) rotation: Option<Rotation>,
    /// How often the file is written to disk; zero for when the kernel does it.
    pub(super) sync_interval: Duration,
    pub(super) control: Arc<Control>,
    /// The size of the current file.
    pub(super) size_gauge: Gauge,
    pub(super) rotations: Counter,
    pub(super) problems: Problems,
    pub(super) state: SinkState,
}

/// What changes while the exporter runs.
#[derive(Default)]
pub(super) struct SinkState {
    file: Option<OutputFile>,
    compressor: Option<Compressor>,
    /// The time of the newest rotated file.
    newest: Option<Stamp>,
    has_started: bool,
    /// Whether the kernel does not let the process make the file larger.
    is_at_limit: bool,
    last_check: Option<Instant>,
    last_cleaning: Option<Instant>,
    last_sync: Option<Instant>,
}

impl LineSink for RotatingSink {
    fn prepare(&mut self, begins_line: bool) -> io::Result<()> {
        if !begins_line {
            return Ok(());
        }
        let requests = self.control.take_requests();
        if !requests.is_empty() {
            let reopened = self.reopen();
            for request in requests {
                let result: Reopened = match &reopened {
                    Ok(()) => Ok(()),
                    Err(error) => Err(self.cannot_open(error).into()),
                };
                // Whoever asked has stopped waiting.
                let _ = request.send(result);
            }
        }
        if is_due(&mut self.state.last_check, CHECK_INTERVAL) || self.control.is_ending() {
            self.check();
        }
        self.file()?.end_line()?;
        let is_at_limit = std::mem::take(&mut self.state.is_at_limit);
        self.rotate_if(|rotation, file| {
            file.size() > 0 && is_at_limit || rotation.is_over(file.began(), SystemTime::now())
        })
    }

    /// The room in the current file; at least a line is written all the same.
    fn atomic_len(&mut self) -> usize {
        let size = self.state.file.as_ref().map_or(0, OutputFile::size);
        let room = self.rotation.as_ref().map(|rotation| rotation.room(size));
        room.map_or(usize::MAX, |room| {
            usize::try_from(room).unwrap_or(usize::MAX)
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len() as u64;
        self.rotate_if(|rotation, file| file.size() > 0 && len > rotation.room(file.size()))?;
        let written = self.file()?.write(bytes);
        let is_at_limit = |error: &io::Error| Errno::from_io_error(error) == Some(Errno::FBIG);
        self.state.is_at_limit |= written.as_ref().is_err_and(is_at_limit);
        self.show_size();
        written
    }

    fn remove_last(&mut self, len: usize) -> bool {
        let file = self.state.file.as_mut();
        file.is_some_and(|file| file.remove_last(len))
    }

    fn problem(&self) -> Option<String> {
        let compressor = self.state.compressor.as_ref();
        let problem = self.problems.first().map(str::to_owned);
        problem.or_else(|| compressor.and_then(Compressor::problem))
    }
}

impl RotatingSink {
    /// The current file, which is opened if it is not.
    fn file(&mut self) -> io::Result<&mut OutputFile> {
        let file = match self.state.file.take() {
            Some(file) => file,
            None => {
                let file = OutputFile::open(&self.names, self.creation)?;
                self.start();
                file
            }
        };
        Ok(self.state.file.insert(file))
    }

    /// Looks at what a former run has left, when the first file is open and locked.
    fn start(&mut self) {
        if std::mem::replace(&mut self.state.has_started, true) {
            return;
        }
        let Some(rotation) = &self.rotation else {
            return;
        };
        let compression = rotation.compression;
        let prepared = newest(&self.names).and_then(|newest| {
            self.state.newest = newest;
            remove_unfinished(&self.names)
        });
        self.problems.of(Operation::Removal).note(prepared);
        let outcomes = self.problems.of(Operation::Compression);
        match Compressor::start(&self.names, compression, outcomes.clone()) {
            Ok(compressor) => self.state.compressor = compressor,
            Err(error) => outcomes.note(Err(error)),
        }
        self.clean();
    }

    /// Opens the file at the path, unless that is the current one. On an error the current one
    /// stays in use.
    fn reopen(&mut self) -> io::Result<()> {
        let path = self.names.path();
        if self
            .state
            .file
            .as_ref()
            .is_some_and(|file| file.is_at(path))
        {
            return Ok(());
        }
        self.sync();
        let file = OutputFile::open(&self.names, self.creation)?;
        self.state.file = Some(file);
        Ok(())
    }

    fn cannot_open(&self, error: &io::Error) -> String {
        format!("cannot open {}: {error}", self.names.path().display())
    }

    /// Follows what other processes have done to the file, and does what is due.
    fn check(&mut self) {
        let path = self.names.path();
        if let Some(file) = &mut self.state.file {
            let is_lost = file.is_removed();
            let is_here = file.is_at(path) && file.update_size().is_ok();
            let opened = if is_here { Ok(()) } else { self.reopen() };
            if is_lost && opened.is_err() {
                // What is written to it now could not be read by anyone.
                self.state.file = None;
            } else {
                self.problems.of(Operation::Opening).note(opened);
            }
        }
        if self.sync_interval > Duration::ZERO
            && (is_due(&mut self.state.last_sync, self.sync_interval) || self.control.is_ending())
        {
            self.sync();
        }
        if is_due(&mut self.state.last_cleaning, CLEANING_INTERVAL) {
            self.clean();
        }
        self.show_size();
    }

    /// Rotates the current file if it ends with a whole line and meets a condition. A file that
    /// cannot be renamed is continued.
    fn rotate_if(&mut self, condition: impl Fn(&Rotation, &OutputFile) -> bool) -> io::Result<()> {
        let (Some(rotation), Some(file)) = (&self.rotation, &self.state.file) else {
            return Ok(());
        };
        if !file.ends_line() || !condition(rotation, file) || !rotation.may_try() {
            return Ok(());
        }
        let renamed = self.rename();
        let is_renamed = renamed.is_ok();
        if let Some(rotation) = &mut self.rotation {
            rotation.tried(is_renamed);
        }
        self.problems.of(Operation::Rotation).note(renamed);
        if is_renamed {
            self.rotations.add(1);
            self.clean();
            self.file()?;
        }
        Ok(())
    }

    /// Gives the current file the name of a rotated one. Another file at the path is left alone.
    fn rename(&mut self) -> io::Result<()> {
        self.sync();
        let path = self.names.path().to_owned();
        if self
            .state
            .file
            .as_ref()
            .is_some_and(|file| file.is_at(&path))
        {
            let mut stamp = Stamp::after(self.state.newest, SystemTime::now());
            for _ in 0..MAX_NAMES {
                if self
                    .names
                    .all_forms(stamp)
                    .all(|path| fs::symlink_metadata(path).is_err())
                {
                    break;
                }
                stamp = stamp.next();
            }
            rename(&path, &self.names.rotated(stamp))?;
            self.state.newest = Some(stamp);
        }
        self.state.file = None;
        Ok(())
    }

    /// Removes the rotated files that are too many or too old, and lets the others be compressed.
    fn clean(&mut self) {
        let Some(rotation) = &self.rotation else {
            return;
        };
        let oldest = rotation
            .max_age
            .map(|age| Stamp::before(SystemTime::now(), age));
        let removed = remove_old(&self.names, rotation.keep, oldest);
        self.problems.of(Operation::Removal).note(removed);
        if let Some(compressor) = &self.state.compressor {
            compressor.wake();
        }
    }

    fn sync(&mut self) {
        if self.sync_interval > Duration::ZERO
            && let Some(file) = &mut self.state.file
        {
            let synced = file.sync();
            self.problems.of(Operation::Sync).note(synced);
        }
    }

    fn show_size(&self) {
        let size = self.state.file.as_ref().map_or(0, OutputFile::size);
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.size_gauge.set(size);
    }
}

/// Whether `interval` has passed since the last time that this was so.
fn is_due(last: &mut Option<Instant>, interval: Duration) -> bool {
    let now = Instant::now();
    let is_due = last.is_none_or(|last| now.duration_since(last) >= interval);
    if is_due {
        *last = Some(now);
    }
    is_due
}
