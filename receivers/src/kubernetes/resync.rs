//! New lists on request: for a table of names that began after everything was listed, or that may have
//! ignored changes.

use std::time::Duration;

use tidegate_runtime::requests::{Request, RequestReader, ResyncCause};
use tokio::sync::watch;
use tokio::time::sleep;

/// The shortest time between two requests that are followed.
const INTERVAL: Duration = Duration::from_secs(60);

/// A follower's end: requests for a new list.
#[derive(Clone, Debug)]
pub(super) struct Resync {
    count: watch::Receiver<u64>,
}

/// The end that reads requests of stages.
pub(super) struct ResyncRelay {
    reader: RequestReader,
    count: watch::Sender<u64>,
}

/// The two ends.
pub(super) fn resync(reader: RequestReader) -> (ResyncRelay, Resync) {
    let (sender, count) = watch::channel(0);
    let relay = ResyncRelay {
        reader,
        count: sender,
    };
    (relay, Resync { count })
}

impl Resync {
    /// Waits until a new list is requested.
    pub(super) async fn requested(&mut self) {
        if self.count.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Takes requests so far as answered by a list that begins now.
    pub(super) fn answered(&mut self) {
        self.count.mark_unchanged();
    }
}

impl ResyncRelay {
    /// Passes requests on, not more often than once a minute. Lost frames of the monitor socket have
    /// no effect on what is read here.
    pub(super) async fn run(mut self) -> ! {
        loop {
            if let Request::Resync(ResyncCause::NewTable | ResyncCause::ClockSetBack) =
                self.reader.recv().await
            {
                self.count.send_modify(|count| *count += 1);
                sleep(INTERVAL).await;
            }
        }
    }
}
