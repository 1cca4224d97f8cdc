//! What systemd wants to know of a service of `Type=notify` or `notify-reload`: when it is ready,
//! reloads and stops, and that it lives. Without systemd nothing of it happens.

use sd_notify::NotifyState;

/// The pipelines run, as they should or as they did before a reload.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// A reload begins; [`ready`] tells its end.
pub(crate) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
}

/// The end has begun.
pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Tells that the agent lives, twice in the time after which systemd would end it, for as long as
/// tasks get their turn.
pub(crate) async fn watchdog() {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut beats = tokio::time::interval((patience / 2).max(std::time::Duration::from_millis(1)));
    loop {
        beats.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd was not told");
    }
}
