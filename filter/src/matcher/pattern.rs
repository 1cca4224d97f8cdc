//! Patterns of node names, and regular expressions.

use regex::{Regex, RegexBuilder};

use super::glob::Glob;

/// Bytes of a compiled list of regular expressions, and of the table of states that is made while
/// they are matched.
const MAX_PATTERN_SIZE: usize = 1 << 20;

/// A pattern of `<cluster>/<node>`. `None` stands for any name.
#[derive(Debug)]
pub(super) struct NodePattern {
    cluster: Option<Glob>,
    node: Option<Glob>,
}

impl NodePattern {
    /// Parses `cluster/node`, or a pattern of the node in any cluster.
    ///
    /// # Errors
    ///
    /// Hubble's text for an invalid pattern.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("empty pattern".to_owned());
        }
        let (cluster, node) = text.split_once('/').unwrap_or(("", text));
        if node.contains('/') {
            return Err("too many slashes in pattern".to_owned());
        }
        let glob = |part: &str| (!part.is_empty()).then(|| Glob::parse(part)).transpose();
        Ok(Self {
            cluster: glob(cluster)?,
            node: glob(node)?,
        })
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        let Some((cluster, node)) = name.split_once('/') else {
            return false;
        };
        let matches = |glob: &Option<Glob>, name: &str| match glob {
            Some(glob) => glob.matches(name),
            None => is_name(name),
        };
        matches(&self.cluster, cluster) && matches(&self.node, node)
    }
}

/// Whether a text is labels of `a` to `z`, digits, `-` and `_`, joined by dots.
fn is_name(text: &str) -> bool {
    text.split('.').all(|label| {
        let is_allowed = |byte| matches!(byte, b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z');
        !label.is_empty() && label.bytes().all(is_allowed)
    })
}

/// Regular expressions; one of them has to match a part of the text.
#[derive(Debug)]
pub(super) struct Patterns {
    /// The alternatives of the list.
    regex: Regex,
}

impl Patterns {
    /// Compiles a list.
    ///
    /// # Errors
    ///
    /// A pattern and what is wrong with it.
    pub(super) fn compile(patterns: &[String]) -> Result<Self, PatternError> {
        let compiled = |text: &str| {
            RegexBuilder::new(text)
                .size_limit(MAX_PATTERN_SIZE)
                .dfa_size_limit(MAX_PATTERN_SIZE)
                .build()
        };
        for pattern in patterns {
            compiled(pattern).map_err(|error| PatternError {
                pattern: pattern.clone(),
                reason: error.to_string(),
            })?;
        }
        let alternatives = patterns.join(")|(?:");
        let regex = compiled(&format!("(?:{alternatives})")).map_err(|error| PatternError {
            pattern: patterns.join("|"),
            reason: error.to_string(),
        })?;
        Ok(Self { regex })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// A regular expression that cannot be compiled.
#[derive(Debug)]
pub(super) struct PatternError {
    pub(super) pattern: String,
    pub(super) reason: String,
}
