//! `filter`: which records its rules remove, by which names, and what is wrong with a rule.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod errors;
mod named;
mod recipes;
mod rules;
mod support;
