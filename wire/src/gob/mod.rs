//! Go gob.
