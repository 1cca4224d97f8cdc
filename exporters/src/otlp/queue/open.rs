//! Opens the queue on disk, and takes over what an earlier run left there.

use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use tidegate_runtime::disk_log::{DiskLog, OpenError, Recovery, Settings};
use tidegate_runtime::stage::StageError;
use tokio::task::spawn_blocking;

use super::work::SharedLog;

/// How often a log is tried that a job of a removed exporter may still use, which a reload has
/// aborted.
const ATTEMPTS: u32 = 50;

/// The time between attempts.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(20);

/// The queue on disk, before it is used.
pub(in crate::otlp) struct OpenedDisk {
    pub(super) log: SharedLog,
    pub(super) recovery: Recovery,
}

/// Opens the queue in a directory.
///
/// # Errors
///
/// If the directory cannot be used or is in use, or a file in it is of a later release.
pub(in crate::otlp) async fn open_disk(settings: Settings) -> Result<OpenedDisk, StageError> {
    let path = settings.path.clone();
    let (log, recovery) = spawn_blocking(move || open(&settings)).await??;
    let requests: u64 = recovery
        .segments
        .iter()
        .map(|segment| segment.entries)
        .sum();
    let records: u64 = recovery
        .segments
        .iter()
        .map(|segment| segment.records)
        .sum();
    let path = path.display();
    if recovery.damaged > 0 {
        tracing::warn!(
            %path,
            files = recovery.damaged,
            records = recovery.damaged_records,
            "the queue on disk has files that end within a request or are damaged; \
             the rest of them is left out"
        );
    }
    tracing::info!(%path, requests, records, "opened the queue on disk");
    Ok(OpenedDisk {
        log: Arc::new(Mutex::new(log)),
        recovery,
    })
}

fn open(settings: &Settings) -> Result<(DiskLog, Recovery), OpenError> {
    let this_process = std::process::id().to_string();
    let mut attempt = 0;
    loop {
        attempt += 1;
        match DiskLog::open(settings.clone()) {
            Err(OpenError::InUse { process, .. })
                if attempt < ATTEMPTS && process.as_ref() == Some(&this_process) =>
            {
                sleep(BETWEEN_ATTEMPTS);
            }
            result => return result,
        }
    }
}
