//! What every stage of tidegate shares: the records that travel, the batches they travel in, the
//! three stage traits, the bounded edges between stages, the ledger, and the runner.
//!
//! Reading order: [`record`] and [`flow`] are the values, [`metric`] what aggregation yields,
//! [`batch`] how they travel, [`stage`] who handles them, [`edge`] what joins the stages,
//! [`ledger`] where every record went, [`tap`] how to look at them, [`pipeline`] how it all runs.
//! [`config`] and [`component`] are how a stage crate tells the agent which kinds it has.
//!
//! This crate opens no file and no socket, and names no kind of component.

pub mod batch;
pub mod component;
pub mod config;
pub mod edge;
pub mod flow;
pub mod health;
pub mod ledger;
pub mod metric;
pub mod pipeline;
pub mod record;
pub mod stage;
pub mod tap;
pub mod telemetry;
pub mod time;

pub use batch::{Batch, Outcome, Pool, Span};
pub use record::{Kind, Kinds, Record};
pub use time::{TimeSource, Timestamp};
