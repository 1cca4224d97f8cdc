//! Reads lists in JSON that arrive in pieces: one element of the list is in memory at a time.
//!
//! [`Splitter`] finds the elements of a list, which is the whole text or the value of one key of an
//! object, and hands each to an [`ElementReader`]. It knows no more of JSON than where a value ends;
//! whether the value is valid is for its reader to say. [`scan`] finds the end of one value, and
//! [`bounded`] reads lists within an element.

pub mod bounded;
mod held;
mod scan;
mod splitter;
#[cfg(test)]
mod tests;

pub use held::append;
pub use splitter::{ElementReader, SplitError, Splitter};
