//! `file`: writes flows and other events to a file, one line each, and rotates it.
//!
//! 1. [`names`], with the time in a name ([`stamp`]), and [`mode`]: what files are called, and who
//!    can read them.
//! 2. [`failure`] and [`problems`]: why records are lost, and what fails without a loss.
//! 3. [`output_file`]: the file that is being written.
//! 4. [`rotation`], [`directory`], [`compression`], [`compress`] and [`compressor`]: rotated files.
//! 5. [`sink`] connects these on the thread that writes; [`control`] reaches it from outside.
//! 6. [`exporter`] connects that thread to the inbox, and [`config`] builds it.
//!
//! The current file is not compressed, so that it is readable at any time and after a crash.

mod compress;
mod compression;
mod compressor;
mod config;
mod control;
mod directory;
mod exporter;
mod failure;
mod mode;
mod names;
mod output_file;
mod problems;
mod renaming;
mod rotation;
mod sink;
mod stamp;

use serde::Deserialize;
use tidegate_runtime::component::{ComponentKind, ExporterKind, Outcomes};
use tidegate_runtime::config::Table as _;

use config::Config;

/// The kind `file`.
pub const KIND: ExporterKind = ComponentKind {
    name: "file",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: failure::REASONS,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

#[cfg(test)]
mod tests;
