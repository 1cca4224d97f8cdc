//! Filters of flows with the meaning that Hubble gives them (v1.19.4), in three layers:
//!
//! 1. [`FlowFilter`] is `flow.FlowFilter` as plain data, read from JSON or TOML;
//! 2. [`Matcher`] is a list of filters compiled to numbers, prefixes and patterns, which are
//!    compared with a record without building texts;
//! 3. [`words`] reads the filter flags of `hubble observe`, from a command line or from one text.
//!
//! A filter consists of fields. A record matches a filter if it matches all fields that are set, and
//! a field if it matches one of its values. It passes a matcher if it matches one filter of the
//! allow list, or the list is empty, and none of the deny list.

mod context;
mod error;
mod filters;
mod flow_filter;
mod json;
mod limits;
mod matcher;
pub mod words;
mod writer;

pub use context::Context;
pub use error::FilterError;
pub use filters::Filters;
pub use flow_filter::{
    EventTypeFilter, Experimental, FlowFilter, HttpHeader, NetworkInterface, Workload,
};
pub use limits::{MAX_FILTERS, MAX_VALUES};
pub use matcher::{FlowLoop, Matcher};
pub use words::{Flag, FlagValue, LineError, WordError};
