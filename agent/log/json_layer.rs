//! The layer that writes log events as JSON.
//!
//! `tracing-subscriber` has such a layer, too, which omits the sources of an error and writes a key
//! twice where a field is named like one of an event's own keys.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::json_line::json_line;
use super::output::OUTPUT;
use crate::error::chain;

/// Queues each log event as a line of JSON.
pub(super) struct JsonLayer;

impl<S: Subscriber> Layer<S> for JsonLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        OUTPUT.push(json_line(
            *metadata.level(),
            metadata.target(),
            &fields.message,
            fields.others,
        ));
    }
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        let name = field.name().strip_prefix("r#").unwrap_or(field.name());
        self.others.insert(name.to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.insert(field, chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // The message is recorded as format arguments, which only `Debug` can print.
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            _ => self.insert(field, text),
        }
    }
}
