//! How requests are compressed.

tidegate_runtime::config_choice! {
    /// How requests are compressed.
    pub(crate) enum Compression = None {
        /// No compression.
        None = "none",
        /// Supported by every backend.
        Gzip = "gzip",
        /// A tenth of the CPU time of gzip and two thirds of its bytes. Not part of the OTLP
        /// specification; the OpenTelemetry Collector supports it.
        Zstd = "zstd",
    }
}

impl Compression {
    /// The name in the headers `grpc-encoding` and `content-encoding`.
    pub(crate) fn encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}
