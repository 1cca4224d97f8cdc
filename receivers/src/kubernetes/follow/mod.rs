//! Follows a resource: a list of it in pages, then a watch of its changes, and again after a failure.
//! Nothing is stored: every object becomes names at once, and what a new list lacks is removed by
//! whoever keeps the names.
//!
//! [`Follower`] decides what to do next; [`attempt`] is one list or one watch, [`pause`] the time
//! between two.

mod attempt;
mod pause;

use std::sync::Arc;
use std::time::Duration;

use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::shutdown::Shutdown;
use tokio::time::Instant;

use super::api::{Api, Failure, Freshness};
use super::config::Config;
use super::names::{Resource, Selection};
use super::resync::Resync;
use super::status::ResourceStatus;
use pause::Backoff;

/// How long a watch lasts for the next failure to be the first again.
const SETTLED: Duration = Duration::from_secs(30);

/// Where names go, until when, and from when on again.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) out: Arc<Outbox>,
    pub(super) shutdown: Shutdown,
    pub(super) resync: Resync,
}

/// Limits of requests.
#[derive(Clone, Debug)]
struct Limits {
    page_size: usize,
    watch_timeout: Duration,
    max_object: usize,
}

/// Follows one resource.
pub(super) struct Follower<R> {
    api: Api,
    selection: Selection,
    resource: R,
    limits: Limits,
    backoff: Backoff,
    status: ResourceStatus,
    /// When the current watch was accepted.
    watching_since: Option<Instant>,
    way: Way,
}

/// Where a resource is followed from.
enum Position {
    /// A new list.
    List(Freshness),
    /// The changes after this version.
    Version(String),
}

impl Position {
    /// Where it begins: a short list is taken from the server's cache.
    fn first(is_few: bool) -> Self {
        Self::List(if is_few {
            Freshness::Cached
        } else {
            Freshness::MostRecent
        })
    }

    /// The position after a failure.
    fn after(self, failure: &Failure, is_few: bool) -> Self {
        match self {
            // Etcd may have been restored from a backup that is older.
            Self::List(Freshness::NotOlderThan(_)) if failure.is_about_the_version() => {
                Self::List(Freshness::MostRecent)
            }
            Self::Version(_) if !failure.is_about_the_server() => self.relisted(is_few),
            _ => self,
        }
    }

    /// A list that is not older than what was read.
    fn relisted(self, is_few: bool) -> Self {
        match self {
            Self::Version(version) if is_few => Self::List(Freshness::NotOlderThan(version)),
            Self::Version(_) => Self::List(Freshness::MostRecent),
            Self::List(_) => self,
        }
    }
}

/// Why a list or a watch ended.
enum End {
    /// The receiver is to stop.
    Stopped,
    /// The server ended the watch, as it does after some time.
    Closed,
    /// Names of listed objects are no longer right.
    Outdated,
    /// It failed.
    Failed(Failure),
}

impl<F: Into<Failure>> From<F> for End {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl<R: Resource> Follower<R> {
    pub(super) fn new(
        api: Api,
        selection: Selection,
        resource: R,
        config: &Config,
        status: ResourceStatus,
        way: Way,
    ) -> Self {
        Self {
            api,
            selection,
            resource,
            limits: Limits {
                page_size: config.page_size.get(),
                watch_timeout: config.watch_timeout.get(),
                max_object: config.max_object.get(),
            },
            backoff: Backoff::new(config.retry),
            status,
            watching_since: None,
            way,
        }
    }

    /// Follows the resource until the receiver is to stop.
    pub(super) async fn run(mut self) {
        let mut position = Position::first(self.selection.is_few);
        loop {
            self.watching_since = None;
            let end = match &mut position {
                Position::List(freshness) => match self.list(freshness).await {
                    Ok(version) => {
                        position = Position::Version(version);
                        continue;
                    }
                    Err(end) => end,
                },
                Position::Version(version) => self.watch(version).await,
            };
            let has_lasted = self
                .watching_since
                .is_some_and(|at| at.elapsed() >= SETTLED);
            if has_lasted {
                self.backoff.reset();
            }
            let pause = match &end {
                End::Stopped => return,
                End::Closed if has_lasted => None,
                End::Closed => Some(self.backoff.pause(None, fastrand::f64())),
                End::Outdated => {
                    position = position.relisted(self.selection.is_few);
                    None
                }
                End::Failed(failure) => {
                    position = position.after(failure, self.selection.is_few);
                    Some(self.handle(failure, has_lasted))
                }
            };
            if self.sleep(pause).await.is_err() {
                return;
            }
        }
    }

    /// Reports a failure, and returns the pause after it.
    fn handle(&mut self, failure: &Failure, has_lasted: bool) -> Duration {
        self.resource.failed();
        let pause = self.backoff.pause(Some(failure), fastrand::f64());
        // A watch that breaks off after a while is nothing to report unless it cannot go on.
        self.status.failed(failure, pause, !has_lasted);
        pause
    }

    async fn sleep(&self, pause: Option<Duration>) -> Result<(), End> {
        match pause {
            Some(pause) => self.unless_stopped(tokio::time::sleep(pause)).await,
            None => Ok(()),
        }
    }

    /// The output of `future`, unless the receiver is to stop first.
    async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Result<T, End> {
        unless_stopped(&self.way.shutdown, future).await
    }
}

async fn unless_stopped<T>(shutdown: &Shutdown, future: impl Future<Output = T>) -> Result<T, End> {
    tokio::select! {
        biased;
        () = shutdown.requested() => Err(End::Stopped),
        output = future => Ok(output),
    }
}
