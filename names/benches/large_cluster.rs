//! What the lists of clusters take: memory that stays allocated, and CPU time in the table. The time
//! to read them from the API is not part of it.
//!
//! `cargo bench -p tidegate-names --bench large_cluster`. Nothing asserts a time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../tests/large_cluster/cluster.rs"]
mod cluster;

use std::alloc::System;

use cluster::{Size, load};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tidegate_names::{Settings, SharedTable};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    println!("| pods | identities | services | KiB | CPU ms |");
    println!("| --: | --: | --: | --: | --: |");
    for (pods, identities, services) in [(0, 1, 0), (5_000, 500, 500), (100_000, 5_000, 5_000)] {
        let size = Size {
            pods,
            identities,
            services,
        };
        let best = (0..5)
            .map(|_| load(&SharedTable::new(Settings::default()), size))
            .min_by_key(|cost| cost.time);
        let Some(cost) = best else { continue };
        let ms = cost.time.as_secs_f64() * 1000.0;
        let kib = cost.bytes / 1024;
        println!("| {pods} | {identities} | {services} | {kib} | {ms:.1} |");
    }
}
