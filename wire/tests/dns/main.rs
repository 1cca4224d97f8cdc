//! DNS messages: what whole ones say, what cut ones still say, and what is none.

mod any;
mod messages;
mod names;
mod streams;
mod support;
