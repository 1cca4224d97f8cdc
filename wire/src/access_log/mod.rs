//! Access-log records.
