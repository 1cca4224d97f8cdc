//! SIGINT and SIGTERM: the first one asks for a stop, the second one for a stop at once.

use std::io;

use tidegate_core::stage::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// From now on, signals are wishes on `stop`. Needs a runtime.
pub(crate) fn stop_on_signals(stop: &Stop) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = stop.clone();
    tokio::spawn(async move {
        let name = next(&mut interrupt, &mut terminate).await;
        tracing::info!(signal = name, "stopping; another signal ends it at once");
        stop.request();
        let name = next(&mut interrupt, &mut terminate).await;
        tracing::warn!(signal = name, "ending at once");
        stop.request_at_once();
    });
    Ok(())
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> &'static str {
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}
