//! How records are presented as log records, as far as that can be configured.

tidegate_runtime::config_choice! {
    /// The body of log records.
    pub enum Body = Line {
        /// The line of `hubble observe` without its time.
        Line = "line",
        /// Hubble's JSON, as `stdout` and `file` write it.
        Json = "json",
        /// No body.
        None = "none",
    }
}

tidegate_runtime::config_choice! {
    /// The form of security labels.
    pub enum Labels = List {
        /// A list of the labels, such as `k8s:app=cart`.
        List = "list",
        /// A map from each label's source and key, such as `k8s:app`, to its value.
        Map = "map",
    }
}

/// How records are presented.
#[derive(Clone, Debug, Default)]
pub struct LogFormat {
    /// Names of the HTTP headers that become attributes, in any case; `*` selects all of them.
    pub http_headers: Vec<String>,
    /// The body.
    pub body: Body,
    /// The form of security labels.
    pub labels: Labels,
}
