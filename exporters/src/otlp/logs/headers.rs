//! Which HTTP headers are recorded. OpenTelemetry asks for an explicit choice, since headers hold
//! credentials.

/// The chosen names.
#[derive(Debug)]
pub(super) struct HeaderNames {
    all: bool,
    names: Vec<String>,
}

impl HeaderNames {
    /// Names in any case; `*` stands for all.
    pub(super) fn new(names: &[String]) -> Self {
        Self {
            all: names.iter().any(|name| name == "*"),
            names: names.iter().map(|name| name.to_ascii_lowercase()).collect(),
        }
    }

    /// Whether the header is recorded.
    pub(super) fn include(&self, name: &str) -> bool {
        self.all
            || self
                .names
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    }
}
