//! Limits of what is read.

/// Maximum number of fields of one struct type.
pub const MAX_FIELDS: usize = 1024;

/// Maximum number of definitions in one stream. An access-log record has twenty.
pub const MAX_TYPES: usize = 1024;

/// Maximum size of all definitions in one stream, in bytes. An access-log record has 1.2 KiB of
/// them.
pub const MAX_DEFINITION_BYTES: usize = 256 * 1024;

/// Maximum depth of composite values inside each other.
pub const MAX_DEPTH: u8 = 64;
