//! Bounds of filters, which come from requests as well as from configurations.

/// Filters in both lists together.
pub const MAX_FILTERS: usize = 64;

/// Values of all fields of a filter.
pub const MAX_VALUES: usize = 256;
