//! Keys of labels and their sources.

use std::net::IpAddr;

/// The source of a selector's key that matches every source.
const ANY: &str = "any";

/// The source of labels that state none, as those of nodes.
const UNSPECIFIED: &str = "unspec";

/// The source of labels that are prefixes of addresses.
const CIDR: &str = "cidr";

/// The source and key of a label that is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    source: String,
    key: String,
}

/// A label of an endpoint.
struct Label<'a> {
    source: &'a str,
    key: &'a str,
    value: &'a str,
}

impl Key {
    /// Splits `source.key`, as [`with_sources`] writes it.
    pub(super) fn parse(text: &str) -> Self {
        let (source, key) = text.split_once('.').unwrap_or((ANY, text));
        Self {
            source: source.to_owned(),
            key: key.to_owned(),
        }
    }

    /// The value of the first label with this key.
    pub(super) fn find<'a>(&self, labels: &'a [String]) -> Option<&'a str> {
        let mut parsed = labels.iter().map(|label| Label::parse(label));
        parsed
            .find(|label| self.is_of(label))
            .map(|label| label.value)
    }

    fn is_of(&self, label: &Label<'_>) -> bool {
        if self.source == ANY {
            return self.key == label.key;
        }
        if self.source != label.source {
            return false;
        }
        if self.source == CIDR {
            return contains_prefix(&self.key, label.key);
        }
        self.key == label.key
    }
}

impl<'a> Label<'a> {
    /// Parses `source:key=value`, `source:key`, and Cilium's other forms of labels.
    fn parse(text: &'a str) -> Self {
        let (source, rest) = if let Some(rest) = text.strip_prefix('$') {
            ("reserved", rest)
        } else if let Some((source, rest)) = text.split_once(':') {
            (source, rest)
        } else if let Some(rest) = text.strip_prefix("reserved.") {
            ("reserved", rest)
        } else {
            (UNSPECIFIED, text)
        };
        let source = if source.is_empty() {
            UNSPECIFIED
        } else {
            source
        };
        let (key, value) = match rest.split_once('=') {
            Some(("", key)) if source == "reserved" => (key, ""),
            Some((key, value)) => (key, value),
            None => (rest, ""),
        };
        Self { source, key, value }
    }
}

/// Whether a prefix contains another one. IPv6 addresses have `-` in place of `:` in labels.
fn contains_prefix(outer: &str, inner: &str) -> bool {
    let parse = |text: &str| -> Option<(IpAddr, u32)> {
        let text = text.replace('-', ":");
        let (address, length) = text.rsplit_once('/')?;
        Some((address.parse().ok()?, length.parse().ok()?))
    };
    let (Some(outer), Some(inner)) = (parse(outer), parse(inner)) else {
        return false;
    };
    let is_same_start = match (outer.0, inner.0) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            outer.1 <= 32 && (a.to_bits() ^ b.to_bits()).leading_zeros() >= outer.1
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            outer.1 <= 128 && (a.to_bits() ^ b.to_bits()).leading_zeros() >= outer.1
        }
        _ => false,
    };
    is_same_start && outer.1 <= inner.1
}

/// Rewrites a selector so that each key is one for Kubernetes: `source.key`, with the source `any`
/// where none is given.
pub(super) fn with_sources(selector: &str) -> String {
    let mut out = String::new();
    let mut rest = selector;
    while !rest.is_empty() {
        let key_start = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '!');
        out.push_str(&rest[..rest.len() - key_start.len()]);
        let is_end = |c: char| c.is_whitespace() || matches!(c, '=' | '!' | ',');
        let (key, behind) = key_start.split_at(key_start.find(is_end).unwrap_or(key_start.len()));
        match key.split_once(':') {
            Some((source, key)) => out.extend([source, ".", key]),
            None => out.extend([ANY, ".", key]),
        }
        let (condition, next) = behind.split_at(condition_len(behind));
        out.push_str(condition);
        rest = next;
    }
    out
}

/// The length of what follows a key, with the comma behind it. Commas in parentheses do not count.
fn condition_len(text: &str) -> usize {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}
