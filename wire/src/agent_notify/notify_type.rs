//! Types of notifications (`pkg/monitor/api/types.go`).

/// The agent has started.
pub const AGENT_STARTED: u32 = 2;
/// An endpoint's datapath was generated.
pub const ENDPOINT_REGENERATE_SUCCESS: u32 = 3;
/// An endpoint's datapath could not be generated.
pub const ENDPOINT_REGENERATE_FAILURE: u32 = 4;
/// Rules of the network policy were added.
pub const POLICY_UPDATED: u32 = 5;
/// Rules of the network policy were removed.
pub const POLICY_DELETED: u32 = 6;
/// An endpoint was created.
pub const ENDPOINT_CREATED: u32 = 7;
/// An endpoint was deleted.
pub const ENDPOINT_DELETED: u32 = 8;
/// The identity of addresses was added or changed.
pub const IPCACHE_UPSERTED: u32 = 9;
/// The identity of addresses was removed.
pub const IPCACHE_DELETED: u32 = 10;
/// A service was added or changed; sent through 1.17.
pub const SERVICE_UPSERTED: u32 = 11;
/// A service was removed; sent through 1.17.
pub const SERVICE_DELETED: u32 = 12;
