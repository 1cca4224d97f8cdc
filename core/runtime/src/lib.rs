//! Runs pipelines: the stage traits, the bounded edges between stages, the ledger that accounts
//! for every record, and the runner with its reloads.
//!
//! Reading order: [`stage`] has the traits, [`edge`] connects stages, [`ledger`] counts what
//! happened to every record, [`requests`] go from stages to receivers, [`tap`] copies records for a
//! viewer, [`pipeline`] runs it all.
//! [`config`] and [`component`] are how a stage crate declares its kinds of components.
//!
//! Modules only use those below them: [`pipeline`] and [`component`] use [`stage`] and [`requests`];
//! [`stage`] uses [`outbox`], [`edge`], [`ledger`] and [`tap`], in this order. This crate names no
//! kind of component, and opens no file and no socket, except for what components read with
//! [`small_file`] and keep in a [`disk_log`].

pub mod change_limit;
pub mod component;
pub mod config;
pub mod disk_log;
pub mod edge;
pub mod exclusive;
mod fan_out;
pub mod health;
pub mod ledger;
pub mod limits;
pub mod outbox;
pub mod pipeline;
pub mod requests;
mod resend;
pub mod shutdown;
pub mod small_file;
pub mod spans;
pub mod stage;
pub mod stage_id;
mod sync;
pub mod tap;
pub mod telemetry;
