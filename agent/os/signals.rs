//! SIGINT and SIGTERM: the first requests a shutdown, a later one forces it. SIGHUP requests a
//! reload of the configuration.
//!
//! A process often gets one signal twice, for itself and for its group: from `timeout`, from a
//! terminal with a wrapper that forwards it, from `docker stop` with a shell as the parent. Signals
//! in quick succession therefore count as one.

use std::io;
use std::time::Duration;

use tidegate_runtime::shutdown::Shutdown;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::systemd;

/// Signals within this time of each other count as one.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// A forced shutdown takes two seconds at most. A signal after this time means that the process is
/// stuck, for example because standard error takes no lines.
const STUCK_AFTER: Duration = Duration::from_secs(5);

/// Turns signals into requests on `shutdown` from now on. Must be called within a runtime.
pub(crate) fn shutdown_on_signals(shutdown: &Shutdown) -> io::Result<()> {
    let mut signals = Signals {
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
    };
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        let name = signals.next().await;
        // First, since the request may end the process before this task continues.
        systemd::stopping();
        shutdown.request();
        tracing::info!(
            signal = name,
            "shutting down; another signal exits immediately"
        );
        let name = signals.next_after(DEBOUNCE).await;
        // First, since the process may end before this task continues.
        tracing::warn!(signal = name, "exiting immediately");
        shutdown.force();
        signals.next_after(STUCK_AFTER).await;
        std::process::exit(1);
    });
    Ok(())
}

/// Turns SIGXFSZ, for a file at its size limit (RLIMIT_FSIZE), into a failed write instead of the
/// end of the process. Must be called within a runtime.
pub(crate) fn survive_file_size_limits() -> io::Result<()> {
    // The handler stays when the stream is dropped.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

/// The SIGHUPs from now on, which no longer end the process. Must be called within a runtime.
pub(crate) fn hang_ups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }

    /// Waits for the first signal that comes at least `delay` from now.
    async fn next_after(&mut self, delay: Duration) -> &'static str {
        let start = Instant::now();
        loop {
            let name = self.next().await;
            if start.elapsed() >= delay {
                return name;
            }
            tracing::debug!(
                signal = name,
                "ignored a signal too soon after the one before"
            );
        }
    }
}
