//! Output formats: Hubble's text and JSON ([`hubble`]), the formats that Prometheus scrapes
//! ([`exposition`]), and the numbers, addresses and times in them ([`text`]).
//!
//! Everything here appends to a buffer of the caller. Nothing does I/O.

pub mod exposition;
pub mod hubble;
pub mod text;
