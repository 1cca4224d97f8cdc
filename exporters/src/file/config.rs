//! The configuration of the `file` exporter, and how the exporter is built from it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidegate_model::Kinds;
use tidegate_runtime::component::{BuildContext, BuildError, ExporterConfig};
use tidegate_runtime::config::{ByteSize, HumanDuration, NonZeroDuration, Signals, Whole};
use tidegate_runtime::exclusive::ExclusiveResource;
use tidegate_runtime::stage::Exporter;

use super::compression::Compression;
use super::control::Control;
use super::exporter::FileExporter;
use super::mode::FileMode;
use super::names::FileNames;
use super::output_file::Creation;
use super::problems::Problems;
use super::rotation::Rotation;
use super::sink::{RotatingSink, SinkState};
use crate::lines::{Format, LineFormatter, WriteTimeouts, check_signals};

/// The longest name of a file, which leaves room for what rotation and compression add to it.
const MAX_NAME: usize = 180;

tidegate_runtime::config_table! {
    /// Writes flows and other events to a file, one per line, and rotates it.
    #[derive(Debug)]
    pub(super) struct Config {
        /// Path of the file. It is appended to if it exists; a symbolic link is not followed.
        #[sample = "\"/var/log/tidegate/flows.json\""]
        path: PathBuf,
        /// The format of the lines.
        format: Format = Format::Json,
        /// What is written: "flows", "lost", "agent_events", "debug_events". Default: what Hubble
        /// writes, that is ["flows", "lost"] in the format "compact" and all of them in "json".
        #[sample = "[\"flows\", \"lost\"]"]
        signals: Option<Signals> = None,
        /// Permissions of files that are created, in octal digits. The umask does not change them.
        mode: FileMode = FileMode::DEFAULT,
        /// Whether the directory of the file is created, with mode 0750.
        create_directory: bool = false,
        /// When the file is renamed, and a new one begun.
        rotation: RotationConfig = RotationConfig::default(),
        /// How often written lines are forced to disk (fdatasync). "0s" leaves that to the kernel.
        sync_interval: HumanDuration = HumanDuration::from_secs(0),
        /// How long a failing write is retried, for example on a full disk, before the records are
        /// dropped and counted. The exporter then goes on trying with newer records.
        give_up_after: HumanDuration = HumanDuration(WriteTimeouts::default().give_up_after),
    }
}

tidegate_runtime::config_table! {
    /// When the file is renamed, and a new one begun.
    #[derive(Debug)]
    pub(super) struct RotationConfig {
        /// Whether the file is rotated. false leaves that to logrotate.
        enabled: bool = true,
        /// The size that a file does not exceed.
        max_size: ByteSize = ByteSize::new(10 << 20),
        /// Rotates at each multiple of this time in UTC, "1h" at the full hour and "1d" at midnight,
        /// unless the file is empty.
        #[sample = "\"1d\""]
        interval: Option<NonZeroDuration> = None,
        /// The largest number of files, the current one included. The oldest are removed.
        max_files: Whole<1, 10_000> = Whole::new(6),
        /// The age from which rotated files are removed.
        #[sample = "\"7d\""]
        max_age: Option<NonZeroDuration> = None,
        /// How rotated files are compressed. The current file is not.
        compression: Compression = Compression::None,
    }
}

impl ExporterConfig for Config {
    fn consumes(&self) -> Kinds {
        self.format.kinds(self.signals.as_ref())
    }

    /// Two exporters would mix their lines, and rotate each other's file.
    fn exclusive_resources(&self) -> Vec<ExclusiveResource> {
        vec![ExclusiveResource::File(self.path.components().collect())]
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Exporter>, BuildError> {
        check_signals(self.consumes(), self.signals.as_ref())?;
        let names = check_path(&self.path)?;
        let formatter = match self.format {
            Format::Compact => LineFormatter::compact(false),
            Format::Json => LineFormatter::json(&context.node_name),
        };
        let stage = [("stage", context.stage.as_str())];
        let sink = RotatingSink {
            names,
            creation: Creation {
                mode: self.mode,
                with_directory: self.create_directory,
            },
            rotation: self.rotation.enabled.then(|| self.rotation.rotation()),
            sync_interval: self.sync_interval.0,
            control: Arc::new(Control::default()),
            size_gauge: context.telemetry.gauge(
                "tidegate_file_bytes",
                "Size of the file that the file exporter writes",
                &stage,
            ),
            rotations: context.telemetry.counter(
                "tidegate_file_rotations_total",
                "Files that the file exporter has rotated",
                &stage,
            ),
            problems: Problems::new(context),
            state: SinkState::default(),
        };
        Ok(Box::new(FileExporter {
            formatter,
            sink,
            health: context.health.clone(),
            timeouts: WriteTimeouts {
                give_up_after: self.give_up_after.0,
                ..WriteTimeouts::default()
            },
            bytes: context.telemetry.exporter_bytes(&context.stage),
        }))
    }
}

impl RotationConfig {
    fn rotation(&self) -> Rotation {
        Rotation {
            max_size: self.max_size.get() as u64,
            interval: self.interval.map(NonZeroDuration::get),
            keep: self.max_files.get() - 1,
            max_age: self.max_age.map(NonZeroDuration::get),
            compression: self.compression,
            retry_at: None,
        }
    }
}

fn check_path(path: &Path) -> Result<FileNames, BuildError> {
    let error = |message: String| BuildError {
        key: "path",
        message,
    };
    let Some(names) = FileNames::of(path) else {
        return Err(error(format!(
            "`{}` does not end with the name of a file",
            path.display()
        )));
    };
    let suffixes = Compression::SOME.map(Compression::suffix);
    let suffix = suffixes.iter().find(|suffix| names.has_extension(suffix));
    if let Some(suffix) = suffix {
        return Err(error(format!(
            "names of files that end with {suffix} are for rotated files, which are compressed"
        )));
    }
    match path.file_name().map_or(0, std::ffi::OsStr::len) {
        ..=MAX_NAME => Ok(names),
        len => Err(error(format!(
            "the name of the file has {len} bytes; it can have {MAX_NAME}"
        ))),
    }
}
