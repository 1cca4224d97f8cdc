//! SIGINT and SIGTERM: the first one asks for a stop, the second one for a stop at once. SIGHUP asks for a
//! reload of the configuration.

use std::io;

use tidegate_core::stage::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::systemd;

/// From now on, signals are wishes on `stop`. Needs a runtime.
pub(crate) fn stop_on_signals(stop: &Stop) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = stop.clone();
    tokio::spawn(async move {
        let name = next(&mut interrupt, &mut terminate).await;
        // Readiness goes first: whoever asks is told from now on.
        stop.request();
        systemd::stopping();
        tracing::info!(signal = name, "stopping; another signal ends it at once");
        let name = next(&mut interrupt, &mut terminate).await;
        tracing::warn!(signal = name, "ending at once");
        stop.request_at_once();
    });
    Ok(())
}

/// A file that has grown to its limit (RLIMIT_FSIZE) is an error of whoever writes to it, and not the end of the process by
/// SIGXFSZ. Needs a runtime.
pub(crate) fn survive_file_size_limits() -> io::Result<()> {
    // The handler stays when this is dropped.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

/// SIGHUP, which ends nothing from now on. Needs a runtime.
pub(crate) fn hang_ups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> &'static str {
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}
