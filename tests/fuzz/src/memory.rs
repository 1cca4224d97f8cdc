//! What work may allocate: so many bytes for each byte of its input, and so many besides. Freed
//! ones count, too.

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

/// Counts for the whole process, so that only one input may be tried at a time.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A bound on allocated bytes.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// For each byte of the input.
    pub each: usize,
    /// Besides.
    pub base: usize,
}

impl Bound {
    /// No allocation at all.
    pub const NONE: Self = Self { each: 0, base: 0 };

    /// Does `work` on an input of `len` bytes.
    ///
    /// # Panics
    /// If it allocates more.
    pub fn holds<T>(self, len: usize, work: impl FnOnce() -> T) -> T {
        let region = Region::new(ALLOCATOR);
        let done = work();
        let allocated = region.change().bytes_allocated;
        assert!(
            allocated <= self.each * len + self.base,
            "{allocated} bytes allocated for {len}"
        );
        done
    }
}
