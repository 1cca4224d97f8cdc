//! Notifications to systemd for a service of `Type=notify` or `notify-reload`: readiness, reloads,
//! the stop, and the watchdog. Without systemd they do nothing.

use std::time::Duration;

use sd_notify::NotifyState;

/// Notifies that the pipelines run, after the start or after a reload.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// Notifies that a reload begins; [`ready`] ends it.
pub(crate) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
}

/// Notifies that the agent shuts down.
pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Notifies the watchdog twice per timeout, until this future is dropped.
pub(crate) async fn watchdog() {
    let Some(timeout) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = tokio::time::interval((timeout / 2).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "cannot notify systemd");
    }
}
