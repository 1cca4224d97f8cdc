//! Reads the configuration of a run.

use tidegate_runtime::shutdown::Shutdown;
use tokio::sync::oneshot;

use crate::config::{ConfigInput, Source};
use crate::error::Error;
use crate::verbs::common::config_file;

/// Reads the configuration; `None` if a shutdown is requested first. A stream can block, so a thread
/// reads it, which is left behind in that case.
pub(super) async fn read(
    input: &ConfigInput,
    shutdown: &Shutdown,
) -> Result<Option<Source>, Error> {
    if input.file().is_some() {
        return config_file::read(input).map(Some);
    }
    let (sender, read) = oneshot::channel();
    let stream = input.clone();
    // Sending fails once this has returned.
    std::thread::spawn(move || drop(sender.send(stream.read())));
    tokio::select! {
        biased;
        Ok(source) = read => source
            .map(Some)
            .map_err(|error| Error::Configuration(error.render())),
        () = shutdown.requested() => Ok(None),
    }
}
