//! Paths of requests.

use std::time::Duration;

use crate::kubernetes::names::Selection;

/// How recent a list has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kubernetes) enum Freshness {
    /// As the server's cache has it, which may lag behind.
    Cached,
    /// As the cache has it, but not older than a version.
    NotOlderThan(String),
    /// As etcd has it.
    MostRecent,
}

/// The path of the first page of a list.
pub(in crate::kubernetes) fn list_path(
    selection: &Selection,
    freshness: &Freshness,
    limit: usize,
) -> String {
    let mut path = path(selection);
    match freshness {
        Freshness::Cached => push(&mut path, "resourceVersion", "0"),
        Freshness::NotOlderThan(version) => {
            // With a limit, the server would read it from etcd.
            push(&mut path, "resourceVersion", version);
            push(&mut path, "resourceVersionMatch", "NotOlderThan");
            return path;
        }
        Freshness::MostRecent => {}
    }
    push(&mut path, "limit", &limit.to_string());
    path
}

/// The path of a further page of a list, by the token of the one before.
pub(in crate::kubernetes) fn next_page_path(
    selection: &Selection,
    limit: usize,
    token: &str,
) -> String {
    let mut path = path(selection);
    push(&mut path, "limit", &limit.to_string());
    push(&mut path, "continue", token);
    path
}

/// The path of a watch of all changes after `version`, which the server is to end after `timeout`.
pub(in crate::kubernetes) fn watch_path(
    selection: &Selection,
    version: &str,
    timeout: Duration,
) -> String {
    let mut path = path(selection);
    push(&mut path, "watch", "1");
    push(&mut path, "allowWatchBookmarks", "true");
    push(&mut path, "resourceVersion", version);
    push(
        &mut path,
        "timeoutSeconds",
        &timeout.as_secs().max(1).to_string(),
    );
    path
}

fn path(selection: &Selection) -> String {
    let mut path = format!("/api/v1/{}", selection.resource);
    if let Some(fields) = &selection.fields {
        push(&mut path, "fieldSelector", fields);
    }
    if let Some(labels) = selection.labels {
        push(&mut path, "labelSelector", labels);
    }
    path
}

/// Adds a parameter, percent-encoded.
fn push(path: &mut String, name: &str, value: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    path.push(if path.contains('?') { '&' } else { '?' });
    path.push_str(name);
    path.push('=');
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push('%');
            path.push(char::from(HEX[usize::from(byte >> 4)]));
            path.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::names::{Services, Workloads};

    #[test]
    fn selectors_and_tokens_are_parameters_of_the_path() {
        let pods = Workloads::selection("node-a");
        let selected = "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a&";
        let lists = [
            (Freshness::Cached, "resourceVersion=0&limit=500"),
            (Freshness::MostRecent, "limit=500"),
            (
                Freshness::NotOlderThan("42".to_owned()),
                "resourceVersion=42&resourceVersionMatch=NotOlderThan",
            ),
        ];
        for (freshness, expected) in lists {
            assert_eq!(
                list_path(&pods, &freshness, 500),
                format!("{selected}{expected}")
            );
        }
        assert_eq!(
            next_page_path(&pods, 500, "eyJ2 +/="),
            format!("{selected}limit=500&continue=eyJ2%20%2B%2F%3D")
        );
        assert_eq!(
            watch_path(&Services::SELECTION, "4711", Duration::from_millis(1500)),
            "/api/v1/services?labelSelector=%21service.kubernetes.io%2Fservice-proxy-name%2C\
             %21service.kubernetes.io%2Fheadless&watch=1&allowWatchBookmarks=true\
             &resourceVersion=4711&timeoutSeconds=1"
        );
    }
}
