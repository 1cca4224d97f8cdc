//! The random choices of a run, and the configuration that they give.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use fastrand::Rng;
use tonic::Code;

use super::output_reader::ReadMode;
use crate::support::Reply;

/// The choices of one run.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) streams: Vec<Stream>,
    pub(super) read_mode: ReadMode,
    /// The OTLP server's replies to the first requests.
    pub(super) replies: Vec<Reply>,
    /// Its reply to all other requests.
    pub(super) default_reply: Reply,
    pub(super) ending: Ending,
    outbox: Queue,
    /// The settings at the start and after each reload.
    pub(super) settings: Vec<Settings>,
}

/// Settings that a reload can change without dropping the monitor connection.
#[derive(Debug)]
pub(super) struct Settings {
    /// A queue between the processors, which splits their chain.
    between: Option<Queue>,
    otlp: Queue,
    stdout: Queue,
    in_flight: u64,
    max_records: u64,
}

/// The content of one connection.
#[derive(Debug)]
pub(super) struct Stream {
    /// Numbered frames.
    pub(super) frames: u64,
    /// The number of leading frames that are each followed by a malformed frame.
    pub(super) malformed: u64,
    /// How the stream ends; `None` is between two frames.
    pub(super) fault: Option<StreamFault>,
}

/// An unreadable end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamFault {
    TruncatedFrame,
    Garbage,
}

/// How the run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// SIGTERM after everything was read.
    Drained,
    /// SIGTERM while frames arrive.
    WhileReceiving,
    /// SIGTERM twice while the OTLP server does not reply.
    SecondSignal,
    /// SIGTERM once while the OTLP server does not reply, so that the grace period expires.
    GracePeriodExpired,
}

#[derive(Debug)]
struct Queue {
    records: u64,
    when_full: &'static str,
}

impl Scenario {
    pub(super) fn from_seed(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let ending = pick(
            rng,
            &[
                Ending::Drained,
                Ending::Drained,
                Ending::Drained,
                Ending::WhileReceiving,
                Ending::WhileReceiving,
                Ending::SecondSignal,
                Ending::GracePeriodExpired,
            ],
        );
        let is_cut_off = is_cut_off(ending);
        let read_mode = ReadMode::random(rng, ending);
        let replies = if is_cut_off { 0 } else { rng.u64(..7) };
        // Closing stdout ends the run, after which no reload takes place.
        let reloads = if is_cut_off || matches!(read_mode, ReadMode::CloseAfter(_)) {
            0
        } else {
            rng.u64(..3)
        };
        Self {
            streams: (0..=rng.u64(..4)).map(|_| Stream::random(rng)).collect(),
            read_mode,
            replies: (0..replies).map(|_| random_reply(rng)).collect(),
            default_reply: if is_cut_off {
                Reply::Never
            } else {
                random_default_reply(rng)
            },
            ending,
            outbox: Queue::random(rng),
            settings: (0..=reloads).map(|_| Settings::random(rng)).collect(),
        }
    }

    /// The numbered frames of all streams.
    pub(super) fn frames(&self) -> u64 {
        self.streams.iter().map(|stream| stream.frames).sum()
    }

    /// The frames that the receiver cannot read, by the reason that it counts.
    pub(super) fn unreadable(&self) -> [(&'static str, u64); 3] {
        let streams_with = |fault| {
            self.streams
                .iter()
                .filter(|stream| stream.fault == Some(fault))
                .count() as u64
        };
        let malformed = self.streams.iter().map(|stream| stream.malformed).sum();
        [
            ("frame_cut_short", streams_with(StreamFault::TruncatedFrame)),
            ("gob_integer_too_long", streams_with(StreamFault::Garbage)),
            ("gob_length_out_of_range", malformed),
        ]
    }

    /// Whether the run ends before it has drained.
    pub(super) fn is_cut_off(&self) -> bool {
        is_cut_off(self.ending)
    }

    /// Whether the OTLP server may keep records whose reply the agent does not receive: OTLP
    /// delivers at least once.
    pub(super) fn may_repeat(&self) -> bool {
        let is_silent = |reply: &Reply| matches!(reply, Reply::Never | Reply::Restart);
        self.is_cut_off() || self.replies.iter().any(is_silent)
    }

    /// The configuration with these settings.
    pub(super) fn config(&self, settings: &Settings, socket: &Path, server: SocketAddr) -> String {
        let grace_period = match self.ending {
            Ending::GracePeriodExpired => "150ms",
            Ending::SecondSignal => "1h",
            _ => "60s",
        };
        let mut text = format!(
            "[receivers.monitor1_2]\nsocket = {socket:?}\n\
             reconnect = {{ initial = \"1ms\", max = \"5ms\" }}\n{}\
             [processors.cilium_decode]\n[processors.l34_flow]\n",
            self.outbox.toml()
        );
        text.extend(settings.between.as_ref().map(Queue::toml));
        text.push_str(&self.otlp_config(settings, server));
        let _ = write!(
            text,
            "[exporters.stdout]\nformat = \"json\"\nsignals = [\"flows\", \"lost\"]\n{}\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\ngrace_period = \"{grace_period}\"\n\
             [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
             processors = [\"cilium_decode\", \"l34_flow\"]\n\
             exporters = [\"otlp\", \"stdout\"]\n",
            settings.stdout.toml(),
        );
        text
    }

    fn otlp_config(&self, settings: &Settings, server: SocketAddr) -> String {
        let timeout = match self.ending {
            Ending::GracePeriodExpired | Ending::SecondSignal => "60s",
            // An unanswered request has to be retried before `max_elapsed_time`.
            _ if self.may_repeat() => "500ms",
            _ => "50s",
        };
        let max_elapsed_time = if matches!(self.default_reply, Reply::Fail(_)) {
            "50ms"
        } else {
            "50s"
        };
        format!(
            "[exporters.otlp]\nendpoint = \"http://{server}\"\nsignals = [\"flows\", \"lost\"]\n{}\
             batch = {{ max_records = {}, timeout = \"5ms\" }}\nin_flight = {}\n\
             timeout = \"{timeout}\"\ndrain_timeout = \"55s\"\n\
             retry_on_failure = {{ initial_interval = \"5ms\", max_interval = \"20ms\", \
             max_elapsed_time = \"{max_elapsed_time}\" }}\n",
            settings.otlp.toml(),
            settings.max_records,
            settings.in_flight,
        )
    }
}

fn is_cut_off(ending: Ending) -> bool {
    matches!(ending, Ending::SecondSignal | Ending::GracePeriodExpired)
}

fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(..from.len())]
}

impl ReadMode {
    fn random(rng: &mut Rng, ending: Ending) -> Self {
        let lines = rng.usize(..200);
        if ending == Ending::WhileReceiving {
            pick(
                rng,
                &[
                    Self::ToEnd,
                    Self::PauseAfter(lines),
                    Self::CloseAfter(lines),
                ],
            )
        } else {
            pick(rng, &[Self::ToEnd, Self::PauseAfter(lines)])
        }
    }
}

impl Queue {
    fn random(rng: &mut Rng) -> Self {
        let when_full = pick(rng, &["block", "block", "drop_newest", "drop_oldest"]);
        Self {
            records: pick(rng, &[40, 300, 1000, 16_384]),
            when_full,
        }
    }

    fn toml(&self) -> String {
        format!(
            "queue = {{ records = {}, when_full = \"{}\" }}\n",
            self.records, self.when_full
        )
    }
}

impl Settings {
    fn random(rng: &mut Rng) -> Self {
        Self {
            between: rng.bool().then(|| Queue::random(rng)),
            otlp: Queue::random(rng),
            stdout: Queue::random(rng),
            in_flight: rng.u64(1..=4),
            max_records: pick(rng, &[50, 300, 2048]),
        }
    }
}

impl Stream {
    fn random(rng: &mut Rng) -> Self {
        let max_frames = pick(rng, &[10, 1000, 3000]);
        let frames = rng.u64(1..=max_frames);
        Self {
            frames,
            malformed: pick(rng, &[0, 0, 3]).min(frames),
            fault: pick(
                rng,
                &[
                    None,
                    None,
                    Some(StreamFault::TruncatedFrame),
                    Some(StreamFault::Garbage),
                ],
            ),
        }
    }
}

fn random_reply(rng: &mut Rng) -> Reply {
    let codes = [
        Code::Unavailable,
        Code::Aborted,
        Code::InvalidArgument,
        Code::ResourceExhausted,
        Code::Unauthenticated,
        Code::Unimplemented,
    ];
    let fail = Reply::Fail(pick(rng, &codes));
    let reject = Reply::RejectRecords(rng.i64(0..30));
    let delay = Reply::AcceptAfterMillis(rng.u64(..30));
    pick(
        rng,
        &[
            Reply::Accept,
            delay,
            fail,
            fail,
            fail,
            reject,
            Reply::Never,
            Reply::Restart,
        ],
    )
}

fn random_default_reply(rng: &mut Rng) -> Reply {
    pick(
        rng,
        &[
            Reply::Accept,
            Reply::Accept,
            Reply::Accept,
            Reply::RejectRecords(3),
            Reply::RefuseOneIn(20),
            Reply::RefuseMoreThan(3),
            Reply::Fail(Code::Unavailable),
        ],
    )
}
