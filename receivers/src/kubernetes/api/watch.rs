//! Events of a watch.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::failure::{Failure, Refusal};
use super::status::Status;

/// An event (`WatchEvent` of `meta/v1`).
#[derive(Debug)]
pub(in crate::kubernetes) enum WatchEvent<O> {
    /// What happened to an object; `None` if the object is not as the API documents it.
    Change(Change, Option<O>),
    /// Nothing has changed up to a version.
    Bookmark,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kubernetes) enum Change {
    /// It is new, or is selected now.
    Added,
    /// It has other content.
    Modified,
    /// It no longer exists, or is no longer selected.
    Deleted,
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    r#type: Cow<'l, str>,
    #[serde(borrow)]
    object: &'l RawValue,
}

#[derive(Deserialize)]
struct Versioned {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
}

impl<O: DeserializeOwned> WatchEvent<O> {
    /// Reads a line. The version that a watch goes on from is stored in `version`.
    ///
    /// # Errors
    ///
    /// If it is an error of the server, or no event.
    pub(in crate::kubernetes) fn read(line: &[u8], version: &mut String) -> Result<Self, Failure> {
        let no_event = |error: serde_json::Error| Failure::NotTheApi(error.to_string());
        let Line { r#type, object } = serde_json::from_slice(line).map_err(no_event)?;
        let object = object.get();
        let change = match &*r#type {
            "ADDED" => Some(Change::Added),
            "MODIFIED" => Some(Change::Modified),
            "DELETED" => Some(Change::Deleted),
            "BOOKMARK" => None,
            "ERROR" => {
                let status: Status = serde_json::from_str(object).map_err(no_event)?;
                return Err(Failure::Refused(Refusal::new(200, status, None)));
            }
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(Failure::NotTheApi(format!("an event of type {shown:?}")));
            }
        };
        let versioned: Versioned = serde_json::from_str(object).map_err(no_event)?;
        *version = versioned.metadata.resource_version;
        Ok(match change {
            Some(change) => Self::Change(change, serde_json::from_str(object).ok()),
            None => Self::Bookmark,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{Change, WatchEvent};

    #[derive(Debug, Deserialize, PartialEq)]
    struct Size {
        size: u8,
    }

    /// The version after an event, and what happened to an object of which size.
    type Read = (String, Option<(Change, Option<u8>)>);

    fn read(line: &str) -> Result<Read, String> {
        let mut version = "1".to_owned();
        match WatchEvent::<Size>::read(line.as_bytes(), &mut version) {
            Ok(WatchEvent::Change(change, object)) => {
                Ok((version, Some((change, object.map(|object| object.size)))))
            }
            Ok(WatchEvent::Bookmark) => Ok((version, None)),
            Err(failure) => Err(format!("{}: {failure}", failure.label())),
        }
    }

    #[test]
    fn events_have_a_change_and_the_version_after_it() {
        let object = r#"{"metadata": {"resourceVersion": "7", "name": "x"}, "size": 3}"#;
        for (kind, change) in [
            ("ADDED", Change::Added),
            ("MODIFIED", Change::Modified),
            ("DELETED", Change::Deleted),
        ] {
            let expected = Ok(("7".to_owned(), Some((change, Some(3)))));
            let line = format!(r#"{{"type": "{kind}", "object": {object}}}"#);
            assert_eq!(read(&line), expected);
            let line = format!(r#"{{"object": {object}, "type": "{kind}"}}"#);
            assert_eq!(read(&line), expected);
        }
        let line = format!(r#"{{"type": "BOOKMARK", "object": {object}}}"#);
        assert_eq!(read(&line), Ok(("7".to_owned(), None)));
    }

    #[test]
    fn an_object_with_a_field_of_another_type_is_none_and_the_watch_goes_on() {
        let object = r#"{"metadata": {"resourceVersion": "7"}, "size": "three"}"#;
        let line = format!(r#"{{"type": "ADDED", "object": {object}}}"#);
        assert_eq!(
            read(&line),
            Ok(("7".to_owned(), Some((Change::Added, None))))
        );
    }

    #[test]
    fn errors_within_the_stream_have_the_label_of_their_status() {
        let error = |status: &str| {
            read(&format!(
                r#"{{"type": "ERROR", "object": {{"kind": "Status", {status}}}}}"#
            ))
        };
        let cases = [
            (
                r#""code": 410, "reason": "Expired", "message": "too old resource version: 1 (9)""#,
                "expired: status 410 Expired: too old resource version: 1 (9)",
            ),
            (
                r#""code": 500, "message": "the required storage feature is disabled""#,
                "unavailable: status 500: the required storage feature is disabled",
            ),
            (r#""status": "Failure""#, "refused: status 200"),
        ];
        for (status, expected) in cases {
            assert_eq!(error(status), Err(expected.to_owned()));
        }
    }

    #[test]
    fn other_lines_are_not_of_the_api() {
        for line in [
            "",
            "<html>",
            "{}",
            r#"{"type": "ADDED"}"#,
            r#"{"type": "ADDED", "object": {}}"#,
            r#"{"type": "ADDED", "object": {"metadata": {}}}"#,
            r#"{"type": "MOVED", "object": {"metadata": {"resourceVersion": "7"}}}"#,
            r#"{"type": "ERROR", "object": "x"}"#,
        ] {
            assert!(
                read(line).unwrap_err().starts_with("not_the_api: "),
                "{line}"
            );
        }
    }
}
