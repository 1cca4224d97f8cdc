//! The configuration of the receiver.

use std::path::PathBuf;

use tidegate_runtime::component::BuildError;
use tidegate_runtime::config::{ByteSize, HumanDuration, NonZeroDuration, Queue};
use tidegate_runtime::limits::{Limits, WhenFull};

/// The longest path that fits in the address of a Unix socket, in bytes.
const MAX_PATH: usize = 107;
/// The largest value of `max_frame`: a batch refers to its bytes with 32-bit offsets.
const MAX_MAX_FRAME: usize = 1 << 30;

/// The default outbox: about 20,000 events, which is one second of a busy node.
const OUTBOX: Limits = Limits {
    records: 65_536,
    bytes: 6 << 20,
    when_full: WhenFull::DropNewest,
    ..Limits::DEFAULT
};
/// The default length of the longest frame: ten times Envoy's limit on the headers of a request.
/// Several copies of a frame are in memory while it is decoded.
const MAX_FRAME: usize = 1 << 20;

tidegate_runtime::config_table! {
    /// Reads the Cilium agent's monitor socket, and reconnects with exponential backoff.
    #[derive(Clone, Debug)]
    pub struct Config {
        /// Path of the socket. Change it where the agent's run directory is mounted elsewhere.
        pub socket: PathBuf = PathBuf::from("/var/run/cilium/monitor1_2.sock"),
        /// What to do when the first stream ends. A socket that does not exist yet is waited for in
        /// either case.
        pub on_eof: OnEof = OnEof::Reconnect,
        /// The outbox between the reader and the pipelines. Records that do not fit are counted as
        /// `pipeline_full`. With "block" the reader waits instead, and the Cilium agent drops what it
        /// cannot send, which is not counted: use it for streams that wait for their reader, such as
        /// a playback.
        pub queue: Queue = Queue::of(OUTBOX, OUTBOX.when_full),
        /// The longest frame that is read. Longer ones are skipped and counted as `frame_too_large`;
        /// one of more than 64 MiB closes the connection. At most 1GiB.
        pub max_frame: ByteSize = ByteSize::new(MAX_FRAME),
        /// The pause between attempts to connect, shortened at random. It begins anew once a connection
        /// delivers.
        pub reconnect: Reconnect = Reconnect::default(),
    }
}

tidegate_runtime::config_choice! {
    /// What to do when the stream ends.
    pub enum OnEof = Reconnect {
        /// Wait for the agent to come back after a restart or an upgrade.
        Reconnect = "reconnect",
        /// End the receiver. The run ends with exit code 1 if the stream ended within a frame, was
        /// not a monitor stream, or its connection broke.
        Stop = "stop",
    }
}

tidegate_runtime::config_table! {
    /// The pause between attempts to connect.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Reconnect {
        /// The longest first pause. Each further one can be twice as long as the one before.
        pub initial: NonZeroDuration = NonZeroDuration::from_millis(100),
        /// The longest pause. While nothing listens on the socket, pauses are 250 ms at most.
        pub max: HumanDuration = HumanDuration::from_secs(30),
    }
}

impl Config {
    pub(super) fn outbox(&self) -> Limits {
        self.queue.limits(OUTBOX, Some)
    }

    /// Rejects values that the types allow but that make no sense.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let reject = |key, message: String| Err(BuildError { key, message });
        let path = self.socket.as_os_str().len();
        if path == 0 || path > MAX_PATH {
            return reject(
                "socket",
                format!("a socket's path has 1 to {MAX_PATH} bytes, this one has {path}"),
            );
        }
        if self.max_frame.get() > MAX_MAX_FRAME {
            return reject("max_frame", "a frame has at most 1GiB".to_owned());
        }
        let Reconnect { initial, max } = self.reconnect;
        if max.0 < initial.get() {
            return reject(
                "reconnect.max",
                format!(
                    "`max` ({:?}) is less than `initial` ({:?})",
                    max.0,
                    initial.get()
                ),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;

    use super::*;

    fn rejected_key(toml: &str) -> Option<&'static str> {
        let table = toml::de::ValueDeserializer::parse(toml).unwrap();
        Config::deserialize(table)
            .unwrap()
            .check()
            .err()
            .map(|error| error.key)
    }

    #[test]
    fn values_that_make_no_sense_are_rejected_with_their_key() {
        let long = format!("{{ socket = '/{}' }}", "x".repeat(MAX_PATH));
        let cases = [
            ("{}", None),
            ("{ reconnect = { initial = '30s' } }", None),
            ("{ max_frame = '1GiB' }", None),
            ("{ socket = '' }", Some("socket")),
            (&long, Some("socket")),
            ("{ max_frame = '2GiB' }", Some("max_frame")),
            ("{ reconnect = { initial = '31s' } }", Some("reconnect.max")),
        ];
        for (toml, key) in cases {
            assert_eq!(rejected_key(toml), key, "{toml}");
        }
    }
}
