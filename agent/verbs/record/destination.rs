//! The output of a recording: a file, which is not overwritten by accident, or standard output.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt, Stdout};

use super::RecordError;
use crate::verbs::common::output_file::{self, Overwrite};

/// An open output.
#[derive(Debug)]
pub(super) struct Destination {
    name: PathBuf,
    output: Output,
    written: u64,
}

#[derive(Debug)]
enum Output {
    File(File),
    Stdout(Stdout),
}

impl Destination {
    /// Creates the file, or uses standard output for `-`. An existing device or pipe is written to.
    pub(super) fn create(name: &Path, force: bool) -> Result<Self, RecordError> {
        let overwrite = match force {
            true => Overwrite::Anything,
            false => Overwrite::Nothing,
        };
        let output = if name == Path::new("-") {
            Output::Stdout(tokio::io::stdout())
        } else {
            Output::File(File::from_std(output_file::create(name, overwrite)?))
        };
        Ok(Self {
            name: name.to_owned(),
            output,
            written: 0,
        })
    }

    /// Writes `bytes`. After an error, a file has none of them.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        let output: &mut (dyn AsyncWrite + Unpin + Send) = match &mut self.output {
            Output::File(file) => file,
            Output::Stdout(stdout) => stdout,
        };
        let written = async {
            output.write_all(bytes).await?;
            output.flush().await
        };
        match written.await {
            Ok(()) => self.written += bytes.len() as u64,
            Err(source) => return Err(self.truncate(source).await),
        }
        Ok(())
    }

    /// Removes the part of a write that failed.
    async fn truncate(&mut self, source: io::Error) -> RecordError {
        if let Output::File(file) = &mut self.output {
            // A device cannot be truncated; the first error is the one to report.
            let _ = file.set_len(self.written).await;
        }
        RecordError::Write {
            file: self.name.clone(),
            written: self.written,
            source,
        }
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// The name for messages.
    pub(super) fn name(&self) -> String {
        match self.output {
            Output::File(_) => self.name.display().to_string(),
            Output::Stdout(_) => "standard output".to_owned(),
        }
    }
}
