//! Kubernetes label selectors.

/// A selector.
#[derive(Debug)]
pub(super) struct Selector;

impl Selector {
    pub(super) fn parse(_text: &str) -> Result<Self, String> {
        Err("label selectors are not supported yet".to_owned())
    }

    pub(super) fn matches(&self, _labels: &[String]) -> bool {
        false
    }
}
