//! Log events as JSON objects, one a line: `timestamp`, `level`, `target`, `message`, and the
//! fields beside them.
//!
//! `tracing-subscriber`'s own form leaves out what caused an error, and writes a key twice where a
//! field has the name of one of these.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::{Context, Layer};

use super::OUTPUT;
use crate::error::chain;

/// Keys that every object begins with.
const OWN: [&str; 4] = ["timestamp", "level", "target", "message"];

/// Writes events.
pub(super) struct Json;

impl<S: Subscriber> Layer<S> for Json {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        OUTPUT.queue.push(line(
            *metadata.level(),
            metadata.target(),
            &fields.message,
            fields.rest,
        ));
    }
}

/// A line with an object.
pub(super) fn line(
    level: Level,
    target: &str,
    message: &str,
    fields: Map<String, Value>,
) -> Vec<u8> {
    let mut object = Map::new();
    let mut time = String::new();
    // A string takes all.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    object.insert("timestamp".to_owned(), time.into());
    object.insert("level".to_owned(), level.as_str().into());
    object.insert("target".to_owned(), target.into());
    object.insert("message".to_owned(), message.into());
    for (key, value) in fields {
        let key = if OWN.contains(&key.as_str()) {
            format!("{key}_")
        } else {
            key
        };
        object.insert(key, value);
    }
    let mut text = Value::Object(object).to_string();
    text.push('\n');
    text.into_bytes()
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    rest: Map<String, Value>,
}

impl Fields {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        let name = field.name().strip_prefix("r#").unwrap_or(field.name());
        self.rest.insert(name.to_owned(), value.into());
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
        // The text of an event comes as format arguments, a field of that name as its value.
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            _ => self.insert(field, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};
    use tracing::Level;

    use super::line;

    #[test]
    fn a_line_is_one_object_whatever_is_in_it() {
        let fields: Map<String, Value> = [
            ("stage".to_owned(), json!("a\nb\"")),
            ("level".to_owned(), json!(7)),
            ("took".to_owned(), json!(0.5)),
        ]
        .into_iter()
        .collect();
        let line = String::from_utf8(line(Level::WARN, "tidegate", "two\nlines", fields)).unwrap();
        assert_eq!(line.matches('\n').count(), 1);
        let mut object: Map<String, Value> = serde_json::from_str(&line).unwrap();
        let time = object.remove("timestamp").unwrap();
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
        let expected = json!({"level": "WARN", "target": "tidegate", "message": "two\nlines", "stage": "a\nb\"", "level_": 7, "took": 0.5});
        assert_eq!(Value::Object(object), expected);
    }
}
