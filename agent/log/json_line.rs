//! A line of the log as a JSON object: `timestamp`, `level`, `target`, `message`, and the fields.

use serde_json::{Map, Value};
use tracing::Level;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};

/// The keys of every object. A field with one of these names gets an underscore behind it.
const RESERVED_KEYS: [&str; 4] = ["timestamp", "level", "target", "message"];

/// The object with its line feed.
pub(super) fn json_line(
    level: Level,
    target: &str,
    message: &str,
    fields: Map<String, Value>,
) -> Vec<u8> {
    let mut timestamp = String::new();
    // Writing to a string never fails.
    let _ = SystemTime.format_time(&mut Writer::new(&mut timestamp));
    let mut object = Map::new();
    object.insert("timestamp".to_owned(), timestamp.into());
    object.insert("level".to_owned(), level.as_str().into());
    object.insert("target".to_owned(), target.into());
    object.insert("message".to_owned(), message.into());
    for (key, value) in fields {
        let key = if RESERVED_KEYS.contains(&key.as_str()) {
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

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};
    use tracing::Level;

    use super::json_line;

    #[test]
    fn a_line_is_one_object_for_any_message_and_fields() {
        let fields: Map<String, Value> = [
            ("stage".to_owned(), json!("a\nb\"")),
            ("level".to_owned(), json!(7)),
            ("took".to_owned(), json!(0.5)),
        ]
        .into_iter()
        .collect();
        let line =
            String::from_utf8(json_line(Level::WARN, "tidegate", "two\nlines", fields)).unwrap();
        assert_eq!(line.matches('\n').count(), 1);
        let mut object: Map<String, Value> = serde_json::from_str(&line).unwrap();
        let time = object.remove("timestamp").unwrap();
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
        let expected = json!({
            "level": "WARN",
            "target": "tidegate",
            "message": "two\nlines",
            "stage": "a\nb\"",
            "level_": 7,
            "took": 0.5
        });
        assert_eq!(Value::Object(object), expected);
    }
}
