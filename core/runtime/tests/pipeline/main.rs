//! Tests of the runner, its edges and its ledger with scripted stages. Most run with paused time,
//! in which a sleep ends as soon as all tasks are idle.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod edges;
mod ending;
mod failing;
mod ledger;
mod model;
mod refresh;
mod reload;
mod requests;
mod soak;
mod support;
mod taps;
mod under_load;
mod wiring;
