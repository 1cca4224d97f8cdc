//! Detects changes of the configuration file by reading it at intervals. What the kernel reports of
//! a change depends on the file system and on how the file is replaced: written in place, renamed
//! over, or behind a symbolic link that Kubernetes swaps. The content does not.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::config::Source;

/// Time between two readings. A new content counts once two readings in a row have it, so that a
/// file that is being written is left alone.
const INTERVAL: Duration = Duration::from_millis(500);

/// Watches a file.
pub(super) struct FileWatcher {
    path: PathBuf,
    ticks: Interval,
    /// Hash of the last reading, if its content was new.
    candidate: Option<String>,
}

impl FileWatcher {
    /// Must be called within a runtime.
    pub(super) fn new(path: PathBuf) -> Self {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            path,
            ticks,
            candidate: None,
        }
    }

    /// Waits until the content of the file has another hash than `current`. A file that is missing
    /// or is not text does not count.
    pub(super) async fn changed(&mut self, current: &str) {
        loop {
            self.ticks.tick().await;
            let path = self.path.clone();
            let read = tokio::task::spawn_blocking(move || Source::read(&path)).await;
            let hash = read.ok().and_then(Result::ok).map(|source| source.hash());
            let is_new = hash.as_deref().is_some_and(|hash| hash != current);
            if is_new && self.candidate == hash {
                self.candidate = None;
                return;
            }
            self.candidate = hash.filter(|_| is_new);
        }
    }
}
