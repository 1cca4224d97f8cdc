//! The settings of one signal, which replace those of all signals.

use serde::Deserialize;
use tidegate_runtime::config::{NonZeroDuration, Setting, Shape, Table as _, Value};

use super::sealing::Compression;
use super::transport::{Headers, Protocol, TlsConfig};

tidegate_runtime::config_table! {
    /// Settings of one signal in place of those of all signals, which have the same names.
    #[derive(Clone, Debug)]
    pub(super) struct SignalKeys {
        /// How requests are sent.
        #[sample = "\"http/protobuf\""]
        pub(super) protocol: Option<Protocol> = None,
        /// Headers of every request.
        #[sample = "{ x-scope-orgid = \"tenant\" }"]
        pub(super) headers: Option<Headers> = None,
        /// How requests are compressed.
        #[sample = "\"gzip\""]
        pub(super) compression: Option<Compression> = None,
        /// The timeout of one attempt.
        #[sample = "\"30s\""]
        pub(super) timeout: Option<NonZeroDuration> = None,
        /// Certificates for an https endpoint.
        pub(super) tls: TlsConfig = TlsConfig::default(),
    }
}

/// The settings of one signal. In the file, it is a table with the keys of [`SignalKeys`], which
/// are documented where all signals have them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct SignalConfig(pub(super) SignalKeys);

impl SignalConfig {
    const NAMES: [&str; SignalKeys::KEYS.len()] = {
        let mut names = [""; SignalKeys::KEYS.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = SignalKeys::KEYS[index].name;
            index += 1;
        }
        names
    };
}

impl Setting for SignalConfig {
    fn shape() -> Shape {
        Shape::Fields(&Self::NAMES)
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::Table(Default::default()))
    }
}
