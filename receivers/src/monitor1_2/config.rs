//! The configuration of the receiver.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tidegate_runtime::component::{BuildError, Key};
use tidegate_runtime::config::{ByteSize, HumanDuration, Queue};
use tidegate_runtime::limits::{Limits, WhenFull};

/// The longest path that fits in the address of a Unix socket, in bytes.
const MAX_PATH: usize = 107;
/// The largest value of `max_frame`: a batch refers to its bytes with 32-bit offsets.
const MAX_MAX_FRAME: usize = 1 << 30;

/// The outbox, where the configuration does not say otherwise: some twenty thousand events, a
/// second of a busy node.
const OUTBOX: Limits = Limits {
    records: 65_536,
    bytes: 6 << 20,
    when_full: WhenFull::DropNewest,
    ..Limits::DEFAULT
};
/// The longest frame, where the configuration does not say otherwise: ten times what Envoy lets a
/// request's headers have. Several copies of a frame are in memory while it is decoded.
const MAX_FRAME: usize = 1 << 20;

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "socket",
        default: "\"/var/run/cilium/monitor1_2.sock\"",
        effect: "path of the socket; change it where the agent's run directory is mounted elsewhere",
    },
    Key {
        name: "on_eof",
        default: "\"reconnect\"",
        effect: "\"reconnect\" waits for the agent to come back; \"stop\" ends the receiver with its first stream: with an error, and the run with exit code 1, unless the agent ended it between two frames",
    },
    Key {
        name: "queue",
        default: "{ records = 65536, bytes = \"6MiB\", when_full = \"drop_newest\" }",
        effect: "the outbox between the reader and the pipelines; \"block\" moves losses to where nobody can count them",
    },
    Key {
        name: "max_frame",
        default: "\"1MiB\"",
        effect: "a longer frame is passed over, and counted as `frame_too_large`",
    },
    Key {
        name: "reconnect",
        default: "{ initial = \"100ms\", max = \"30s\" }",
        effect: "bounds of the pause between attempts to connect, which doubles from one to the next",
    },
];

/// The configuration of the receiver.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Path of the socket. Changed where the Cilium agent's run directory is mounted elsewhere, as
    /// in most containers.
    pub socket: PathBuf,
    /// What to do when the first stream ends. A socket that is not there is waited for in either
    /// case.
    pub on_eof: OnEof,
    /// The outbox between the reader and the pipelines: 65536 records, 6 MiB, `drop_newest`. What
    /// it drops is counted as `pipeline_full`. With `block` the reader waits instead, and Cilium's
    /// agent drops what it cannot send, which nobody can count: for streams that wait for their
    /// reader, such as a playback.
    pub queue: Queue,
    /// A longer frame is passed over and counted as `frame_too_large`; one that says to have more
    /// than 64 MiB ends the connection, as does a broken one. 1 MiB unless given; events have some
    /// hundreds of bytes. At most 1 GiB.
    pub max_frame: ByteSize,
    /// The pause between attempts to connect.
    pub reconnect: Reconnect,
}

/// What to do when the stream ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnEof {
    /// Connect again: the agent was restarted or upgraded.
    #[default]
    Reconnect,
    /// End the receiver: for streams that have an end, in tests and jobs. It ends well if the agent
    /// ended the stream between two frames. A stream that ends inside a frame, that is no monitor
    /// stream, or whose connection breaks is an error, with which the run ends, too.
    Stop,
}

/// The pause between attempts to connect: random, up to a bound that doubles with every attempt and
/// returns to the initial one when a connection delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reconnect {
    /// The bound for the first pause, 100 ms unless given. Not zero.
    pub initial: HumanDuration,
    /// The bound for every pause, 30 s unless given. Lower it where the first seconds of a
    /// restarted agent matter.
    pub max: HumanDuration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            socket: PathBuf::from("/var/run/cilium/monitor1_2.sock"),
            on_eof: OnEof::default(),
            queue: Queue::default(),
            max_frame: ByteSize::new(MAX_FRAME),
            reconnect: Reconnect::default(),
        }
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            initial: HumanDuration(Duration::from_millis(100)),
            max: HumanDuration(Duration::from_secs(30)),
        }
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
            return reject(
                "max_frame",
                "1GiB is the most that a frame may have".to_owned(),
            );
        }
        let Reconnect { initial, max } = self.reconnect;
        if initial.0.is_zero() {
            return reject(
                "reconnect",
                "`initial` is zero; without a pause, connecting would spin".to_owned(),
            );
        }
        if max < initial {
            return reject(
                "reconnect",
                format!(
                    "`max` ({:?}) is less than `initial` ({:?})",
                    max.0, initial.0
                ),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
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
            ("{ reconnect = { initial = '0s' } }", Some("reconnect")),
            ("{ reconnect = { initial = '31s' } }", Some("reconnect")),
        ];
        for (toml, key) in cases {
            assert_eq!(rejected_key(toml), key, "{toml}");
        }
    }
}
