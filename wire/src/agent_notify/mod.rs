//! Agent notifications.
