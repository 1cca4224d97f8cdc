//! DNS messages: complete, truncated and malformed ones.

mod any;
mod messages;
mod names;
mod streams;
mod support;
