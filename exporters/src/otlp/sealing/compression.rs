//! How requests are compressed.

tidegate_runtime::config_choice! {
    /// How requests are compressed.
    pub(crate) enum Compression = Zstd {
        /// No compression.
        None = "none",
        /// Supported by every backend.
        Gzip = "gzip",
        /// Half of the CPU time of gzip and three quarters of its bytes. Not part of the OTLP
        /// specification; the OpenTelemetry Collector supports it. A backend that refuses it gets
        /// gzip, and one that refuses that gets uncompressed requests.
        Zstd = "zstd",
    }
}

impl Compression {
    /// What is used for a backend that refuses this.
    pub(crate) fn fall_back(self) -> Self {
        match self {
            Self::Zstd => Self::Gzip,
            Self::Gzip | Self::None => Self::None,
        }
    }

    /// How much a backend has to support, from nothing up.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Zstd => 2,
        }
    }

    /// The name in the headers `grpc-encoding` and `content-encoding`.
    pub(crate) fn encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}
