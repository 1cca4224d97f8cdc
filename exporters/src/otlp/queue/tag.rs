//! The tag of a request on disk: its signal and its encoding.

use crate::otlp::sealing::Compression;
use crate::otlp::signal::Signal;

const LOGS: u8 = 1;
const TRACES: u8 = 2;
const ZSTD: u8 = 1;
const GZIP: u8 = 2;
const NONE: u8 = 0;

/// The tag of a request.
pub(super) fn encode_tag(signal: Signal, encoding: Compression) -> [u8; 3] {
    let signal = match signal {
        Signal::Logs => LOGS,
        Signal::Traces => TRACES,
        // Metrics are never queued: the next export has newer values.
        Signal::Metrics => 0,
    };
    let encoding = match encoding {
        Compression::None => NONE,
        Compression::Gzip => GZIP,
        Compression::Zstd => ZSTD,
    };
    [signal, encoding, 0]
}

/// The signal and encoding of a tag; `None` if this release does not know them.
pub(super) fn decode_tag(tag: [u8; 3]) -> Option<(Signal, Compression)> {
    let signal = match tag[0] {
        LOGS => Signal::Logs,
        TRACES => Signal::Traces,
        _ => return None,
    };
    let encoding = match tag[1] {
        NONE => Compression::None,
        GZIP => Compression::Gzip,
        ZSTD => Compression::Zstd,
        _ => return None,
    };
    (tag[2] == 0).then_some((signal, encoding))
}
