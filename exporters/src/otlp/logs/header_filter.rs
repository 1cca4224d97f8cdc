//! Selects the HTTP headers to record. OpenTelemetry requires an explicit choice, since headers
//! hold credentials.

/// The names of the selected headers.
#[derive(Debug)]
pub(super) struct HeaderFilter {
    all: bool,
    names: Vec<String>,
}

impl HeaderFilter {
    /// Selects headers by name, in any case; `*` selects all.
    pub(super) fn new(names: &[String]) -> Self {
        Self {
            all: names.iter().any(|name| name == "*"),
            names: names.to_vec(),
        }
    }

    /// Returns whether a header is selected.
    pub(super) fn includes(&self, name: &str) -> bool {
        self.all
            || self
                .names
                .iter()
                .any(|selected| selected.eq_ignore_ascii_case(name))
    }
}
