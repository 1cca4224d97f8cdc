//! Logs: one line for each change of state, on standard error.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;

use crate::terminal;

/// Logs what `RUST_LOG` names, else what `default` names. Under systemd the journal has the times
/// already, so they are left out.
pub(crate) fn start(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = Subscriber::builder().with_writer(io::stderr).with_ansi(terminal::colour(&io::stderr()));
    let builder = builder.with_env_filter(filter).with_target(false);
    // An embedding test may have set a subscriber already; its own is as good.
    let _ = if std::env::var_os("JOURNAL_STREAM").is_some() {
        tracing::subscriber::set_global_default(builder.without_time().finish())
    } else {
        tracing::subscriber::set_global_default(builder.finish())
    };
}
