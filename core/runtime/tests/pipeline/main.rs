//! The runner, its edges and its books, with stages that do as they are told. Time is paused: a
//! wait costs nothing and ends when nobody has anything left to do.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod edges;
mod ending;
mod failing;
mod ledger;
mod model;
mod reload;
mod soak;
mod support;
mod taps;
mod under_load;
mod wiring;
