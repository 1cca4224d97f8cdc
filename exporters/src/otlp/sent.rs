//! Whether the backend may have a request that it has not answered for.
//!
//! It may from the moment that the connection takes the request's body: before that it has headers
//! at most, which do not make a request. An answer that refuses the attempt takes this back. No
//! answer (none in time, a broken connection) does not, and neither does what later attempts come
//! to: a refusal speaks for the attempt that it answers. So only a delivery makes a request certain
//! again that went unanswered once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::delivery::Terminal;

/// What is known about one request; clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Arc<AtomicBool>);

impl Sent {
    /// Whether the backend may have the request.
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Sets it.
    pub(super) fn set(&self, may_have: bool) {
        self.0.store(may_have, Ordering::Release);
    }

    /// The outcome of a request that is given up for this reason.
    pub(super) fn give_up(&self, reason: &'static str) -> Terminal {
        if self.get() {
            Terminal::Unconfirmed
        } else {
            Terminal::Dropped(reason)
        }
    }
}
