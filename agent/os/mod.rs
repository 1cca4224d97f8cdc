//! Signals, systemd and the terminal.

pub(crate) mod signals;
pub(crate) mod systemd;
pub(crate) mod terminal;
