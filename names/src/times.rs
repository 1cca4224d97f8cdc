//! Times of entries, which are set back with the wall clock.

use std::time::Duration;

use tidegate_model::Timestamp;

/// Sets times back.
pub(crate) fn set_back<'a>(times: impl IntoIterator<Item = &'a mut Timestamp>, by: Duration) {
    for time in times {
        *time = *time - by;
    }
}
