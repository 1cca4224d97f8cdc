//! The protocols of OTLP.

tidegate_runtime::config_choice! {
    /// How requests are sent.
    pub(crate) enum Protocol = Grpc {
        /// OTLP/gRPC, usually at port 4317.
        Grpc = "grpc",
        /// OTLP/HTTP with protobuf, usually at port 4318.
        HttpProtobuf = "http/protobuf",
        /// OTLP/HTTP with JSON, for backends that accept nothing else: it takes several times the
        /// CPU time.
        HttpJson = "http/json",
    }
}

impl Protocol {
    /// The usual port.
    pub(crate) const fn port(self) -> u16 {
        match self {
            Self::Grpc => 4317,
            Self::HttpProtobuf | Self::HttpJson => 4318,
        }
    }

    /// The name in messages.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Grpc => "OTLP over gRPC",
            Self::HttpProtobuf | Self::HttpJson => "OTLP over HTTP",
        }
    }

    /// The endpoint if none is configured: the OpenTelemetry specification's `localhost`, as an
    /// address that needs no resolver.
    pub(crate) const fn default_endpoint(self) -> &'static str {
        match self {
            Self::Grpc => "http://127.0.0.1:4317",
            Self::HttpProtobuf | Self::HttpJson => "http://127.0.0.1:4318",
        }
    }
}
