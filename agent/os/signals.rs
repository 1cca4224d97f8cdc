//! SIGINT and SIGTERM: the first one asks for a stop, a later one for a stop at once. SIGHUP asks
//! for a reload of the configuration.
//!
//! What ends a process often sends its signal twice, to the process and to its group: `timeout`, a
//! terminal with a wrapper that forwards, `docker stop` of a shell's child. So signals that come
//! together are one.

use std::io;
use std::time::Duration;

use tidegate_core::stage::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::systemd;

/// Signals that are no further apart are one.
const TOGETHER: Duration = Duration::from_millis(100);

/// A stop at once takes two seconds at most. A signal that comes later than this finds something
/// stuck that nothing else ends, such as a standard error that takes no lines.
const STUCK: Duration = Duration::from_secs(5);

/// From now on, signals are requests on `stop`. Needs a runtime.
pub(crate) fn stop_on_signals(stop: &Stop) -> io::Result<()> {
    let mut signals = Signals {
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
    };
    let stop = stop.clone();
    tokio::spawn(async move {
        let name = signals.next().await;
        // The request may end the process before this task goes on.
        systemd::stopping();
        stop.request();
        tracing::info!(signal = name, "stopping; another signal ends it at once");
        let name = signals.next_after(TOGETHER).await;
        stop.request_at_once();
        tracing::warn!(signal = name, "ending at once");
        signals.next_after(STUCK).await;
        std::process::exit(1);
    });
    Ok(())
}

/// A file that has grown to its limit (RLIMIT_FSIZE) is an error of whoever writes to it, and not
/// the end of the process by SIGXFSZ. Needs a runtime.
pub(crate) fn survive_file_size_limits() -> io::Result<()> {
    // The handler stays when this is dropped.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

/// SIGHUP, which ends nothing from now on. Needs a runtime.
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

    /// The next one that comes later than `gap` from now.
    async fn next_after(&mut self, gap: Duration) -> &'static str {
        let since = Instant::now();
        loop {
            let name = self.next().await;
            if since.elapsed() >= gap {
                return name;
            }
            tracing::debug!(
                signal = name,
                "nothing more is done for a signal so soon after another one"
            );
        }
    }
}
