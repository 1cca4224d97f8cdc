//! The attributes of log records and spans. Each is declared once, with its type, the field of
//! Hubble's JSON that it comes from, and what it means; the keys that the encoders use, and the
//! tables of `docs/otlp.md`, come from the declarations.
//!
//! Names are those of OpenTelemetry's semantic conventions ([`SCHEMA_URL`] has the version) where
//! they have one for the value. Other names begin with `cilium.`, since the conventions advise
//! against names of one's own in their namespaces. The exceptions are those of the Collector's
//! `probabilistic_sampler`.

mod events;
mod flow;
mod key;
mod l7;
mod peer;

pub(super) use events::*;
pub(super) use flow::*;
pub(super) use key::{ATTRIBUTES, AttributeKey, KEY, VALUE};
pub(super) use l7::*;
pub(super) use peer::{DESTINATION, PeerKeys, SOURCE};

/// The version of the semantic conventions that names follow, as it is sent with every request.
pub(super) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

/// The tables, by the title that they have in `docs/otlp.md`.
#[cfg(test)]
pub(super) const TABLES: [(&str, &[Attribute]); 12] = [
    ("Every log record", flow::RECORD),
    ("Flows", flow::FLOW),
    ("Source and destination of a flow", peer::PEER),
    ("Requests and responses", l7::MESSAGE),
    ("HTTP", l7::HTTP),
    ("DNS", l7::DNS),
    ("Other protocols", l7::OTHER_PROTOCOLS),
    ("Spans", l7::SPAN),
    ("Agent events", events::AGENT_EVENT),
    (
        "Endpoints of agent events and debug events",
        events::ENDPOINT,
    ),
    ("Debug events", events::DEBUG_EVENT),
    ("Lost reports", events::LOST),
];

/// One row of a table.
#[cfg(test)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute {
    /// The name. `<side>` stands for `source` and `destination`; any other placeholder is at the
    /// end.
    pub(super) name: &'static str,
    pub(super) value_type: ValueType,
    /// The field of Hubble's JSON; empty if it has none.
    field: &'static str,
    /// What the value is, and when it is present.
    about: &'static str,
}

/// Types of values.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueType {
    String,
    Bool,
    Int,
    /// An integer up to 2^63-1, the largest in OTLP, and above that a string of the decimal digits.
    Uint,
    Strings,
    /// Strings, or a map if `labels = "map"`.
    Labels,
}

/// Declares attributes: the key of each, and the rows of a table. A declaration with `@prefix` is
/// one of names that the record determines; in place of a key it has what precedes that part.
macro_rules! attributes {
    ($(#[$meta:meta])* $table:ident {
        $($constant:ident = $name:literal: $type:ident, $field:literal, $about:literal;)*
        $(@prefix $prefix:ident = $prefixed:literal: $prefix_type:ident, $prefix_field:literal, $prefix_about:literal;)*
    }) => {
        $(
            pub(crate) const $constant: &crate::otlp::mapping::AttributeKey =
                const { &crate::otlp::mapping::AttributeKey::new($name) };
        )*
        $(
            pub(crate) const $prefix: &str =
                const { crate::otlp::mapping::key::prefix($prefixed) };
        )*

        $(#[$meta])*
        #[cfg(test)]
        pub(in crate::otlp::mapping) const $table: &[crate::otlp::mapping::Attribute] = &[
            $(crate::otlp::mapping::Attribute {
                name: $name,
                value_type: crate::otlp::mapping::ValueType::$type,
                field: $field,
                about: $about,
            },)*
            $(crate::otlp::mapping::Attribute {
                name: $prefixed,
                value_type: crate::otlp::mapping::ValueType::$prefix_type,
                field: $prefix_field,
                about: $prefix_about,
            },)*
        ];
    };
}

use attributes;

#[cfg(test)]
mod tests;
