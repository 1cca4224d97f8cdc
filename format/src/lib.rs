//! Records and metrics in the formats of others: [`hubble`] has the texts and the JSON of Hubble,
//! [`exposition`] the metrics formats that Prometheus scrapes, and [`text`] the numbers, addresses
//! and times in them.
//!
//! Writers append to a buffer of the caller. Nothing here does I/O.

pub mod exposition;
pub mod hubble;
pub mod text;
