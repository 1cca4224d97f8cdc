//! The rows of `docs/memory.md` about tables of processors that grow with traffic.

mod connections;
mod messages;
mod series;

#[expect(dead_code, reason = "shared with the tests of flows")]
#[path = "../flows/events.rs"]
mod events;
#[expect(dead_code, reason = "shared with the tests of flows")]
#[path = "../flows/support.rs"]
mod support;

use std::alloc::System;
use std::sync::{Mutex, MutexGuard, PoisonError};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Memory that does not depend on the number of entries: flows that are released at a time, and
/// indexes that grow by doubling.
const OVERHEAD: usize = 256 << 10;

/// Waits until no other test measures. To be taken first, so that it is released last.
fn exclusive() -> MutexGuard<'static, ()> {
    static ONLY: Mutex<()> = Mutex::new(());
    ONLY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes that were allocated since, and stay.
fn growth(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change.bytes_allocated - change.bytes_deallocated
}
