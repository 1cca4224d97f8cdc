//! What an operator chooses about the table.

use std::time::Duration;

/// The limits and choices of a table.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The largest number of addresses, prefixes and endpoints together. The labels of all entries
    /// take at most 64 MiB, and 512 bytes for each of this number.
    pub max_entries: usize,
    /// The largest number of pairs of an endpoint and an address with DNS names; 0 stores none.
    pub max_dns_names: usize,
    /// How long the names of a deleted pod are still used, for its last packets.
    pub keep_deleted: Duration,
    /// Whether the workload of a pod is inferred from its labels if the Kubernetes API does not
    /// tell it.
    pub infer_workloads: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_entries: 131_072,
            max_dns_names: 16_384,
            keep_deleted: Duration::from_secs(5),
            infer_workloads: true,
        }
    }
}
