//! The data that stages exchange: records, and the batches that carry them.
//!
//! Reading order: [`record`] and [`flow`] are the values, [`metric`] is what aggregation produces,
//! [`names`] is what APIs tell about addresses and pods,
//! [`batch`] carries them, and [`outcome`] and [`tally`] state what a stage did with each.
//!
//! This crate has no threads, no I/O and no clock other than [`Timestamp::now`], and does not
//! depend on the runtime.

#[macro_use]
#[doc(hidden)]
pub mod no_drop;

pub mod batch;
pub mod flow;
pub mod metric;
pub mod names;
pub mod outcome;
pub mod record;
pub mod span;
pub mod tally;
pub mod time;

pub use batch::{Batch, Pool};
pub use outcome::Outcome;
pub use record::{Kind, Kinds, Record};
pub use span::Span;
pub use tally::Tally;
pub use time::{TimeSource, Timestamp};
