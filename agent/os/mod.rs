//! What the agent has to do with the system that it runs on: signals, systemd and the terminal.

pub(crate) mod signals;
pub(crate) mod systemd;
pub(crate) mod terminal;
