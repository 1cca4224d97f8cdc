//! Watches the configuration file for another content. It is read again and again: what a
//! notification of the kernel tells depends on how the file is replaced (written, renamed over, or
//! behind a symbolic link that Kubernetes exchanges) and on the file system, and what it says does
//! not.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::config::Source;

/// How often the file is read. A new content counts when two readings in a row find it, so that a
/// file that is just being written is left alone.
const EVERY: Duration = Duration::from_millis(500);

/// The file, and what it was.
pub(super) struct Watch {
    path: PathBuf,
    ticks: Interval,
    /// What was found last, if it is new.
    found: Option<String>,
}

impl Watch {
    /// Needs a runtime.
    pub(super) fn new(path: PathBuf) -> Self {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            path,
            ticks,
            found: None,
        }
    }

    /// Waits until the file has another content than that with the hash `known`. A file that is not
    /// there, or is not text, is waited for.
    pub(super) async fn changed(&mut self, known: &str) {
        loop {
            self.ticks.tick().await;
            let path = self.path.clone();
            let read = tokio::task::spawn_blocking(move || Source::read(&path)).await;
            let hash = read.ok().and_then(Result::ok).map(|source| source.hash());
            let is_new = hash.as_deref().is_some_and(|hash| hash != known);
            if is_new && self.found == hash {
                self.found = None;
                return;
            }
            self.found = hash.filter(|_| is_new);
        }
    }
}
