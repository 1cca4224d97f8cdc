//! Logs: one line for each change of state, on standard error.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;

use crate::terminal;

/// What is logged, for who changes it.
pub(crate) struct LogFilter(Box<dyn Fn(&str) + Send + Sync>);

impl LogFilter {
    /// From now on, logs what `directives` name, unless `RUST_LOG` is set.
    pub(crate) fn set(&self, directives: &str) {
        if EnvFilter::try_from_default_env().is_err() {
            (self.0)(directives);
        }
    }
}

/// Logs what `RUST_LOG` names, else what `default` names. Under systemd the journal has the times
/// already, so they are left out.
pub(crate) fn start(default: &str) -> LogFilter {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = Subscriber::builder().with_writer(io::stderr).with_ansi(terminal::colour(&io::stderr()));
    let builder = builder.with_env_filter(filter).with_target(false);
    // An embedding test may have set a subscriber already; its own is as good. A change fails only if there is
    // no subscriber any more.
    if std::env::var_os("JOURNAL_STREAM").is_some() {
        let builder = builder.without_time().with_filter_reloading();
        let handle = builder.reload_handle();
        let _ = tracing::subscriber::set_global_default(builder.finish());
        LogFilter(Box::new(move |directives| _ = handle.reload(EnvFilter::new(directives))))
    } else {
        let builder = builder.with_filter_reloading();
        let handle = builder.reload_handle();
        let _ = tracing::subscriber::set_global_default(builder.finish());
        LogFilter(Box::new(move |directives| _ = handle.reload(EnvFilter::new(directives))))
    }
}
