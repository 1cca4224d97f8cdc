//! Limits on allocation: bytes per byte of input, plus a constant. Freed bytes count as well.

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

/// Counts for the whole process, so inputs must be checked one at a time.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A bound on allocated bytes.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Bytes for each byte of the input.
    pub each: usize,
    /// Bytes for any input.
    pub base: usize,
}

impl Bound {
    /// No allocation at all.
    pub const NONE: Self = Self { each: 0, base: 0 };

    /// Runs `work` on an input of `len` bytes.
    ///
    /// # Panics
    /// If it allocates more than the bound.
    pub fn holds<T>(self, len: usize, work: impl FnOnce() -> T) -> T {
        let region = Region::new(ALLOCATOR);
        let result = work();
        let allocated = region.change().bytes_allocated;
        assert!(
            allocated <= self.each * len + self.base,
            "{allocated} bytes allocated for {len}"
        );
        result
    }
}
