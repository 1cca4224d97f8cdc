//! What happens in a run: drawn from a seed, and written down as a configuration.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use tonic::Code;

use super::reader::Reading;
use crate::support::Answer;

/// A run, before it runs.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) streams: Vec<Stream>,
    pub(super) reading: Reading,
    /// What the OTLP server does with the first requests, and with all others.
    pub(super) answers: Vec<Answer>,
    pub(super) then: Answer,
    pub(super) end: End,
    outbox: Queue,
    /// What the configuration says at first, and after each reload.
    pub(super) tunings: Vec<Tuning>,
}

/// What a reload may change without the loss of a connection.
#[derive(Debug)]
pub(super) struct Tuning {
    /// Where there is one, the chain of processors is cut.
    between: Option<Queue>,
    otlp: Queue,
    stdout: Queue,
    in_flight: u64,
    request: u64,
}

/// What one connection carries.
#[derive(Debug)]
pub(super) struct Stream {
    /// Numbered frames.
    pub(super) frames: u64,
    /// How many of the first ones have a broken frame behind them.
    pub(super) broken: u64,
    /// What it ends with; nothing where it ends between two frames.
    pub(super) end: Option<Hiccup>,
}

/// The last bytes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hiccup {
    CutFrame,
    Garbage,
}

/// How the run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// SIGTERM when everything was read.
    Drained,
    /// SIGTERM while frames come.
    InFlow,
    /// A second signal, while the OTLP server does not answer.
    SecondSignal,
    /// The same, but nobody sends a second signal.
    GraceOver,
}

#[derive(Debug)]
struct Queue {
    records: u64,
    when_full: &'static str,
}

impl Scenario {
    pub(super) fn draw(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let end = dice.pick(&[
            End::Drained,
            End::Drained,
            End::Drained,
            End::InFlow,
            End::InFlow,
            End::SecondSignal,
            End::GraceOver,
        ]);
        let stuck = matches!(end, End::SecondSignal | End::GraceOver);
        let lines = usize::try_from(dice.below(200)).unwrap();
        let reading = match end {
            End::InFlow => dice.pick(&[
                Reading::ToTheEnd,
                Reading::Pauses(lines),
                Reading::HangsUp(lines),
            ]),
            _ => dice.pick(&[Reading::ToTheEnd, Reading::Pauses(lines)]),
        };
        let answers = if stuck { 0 } else { dice.below(7) };
        // Nobody answers to a reload when the end of the output has ended the run.
        let reloads = if stuck || matches!(reading, Reading::HangsUp(_)) {
            0
        } else {
            dice.below(3)
        };
        Self {
            streams: (0..=dice.below(4)).map(|_| dice.stream()).collect(),
            reading,
            answers: (0..answers).map(|_| dice.answer()).collect(),
            then: if stuck {
                Answer::Hang
            } else {
                dice.last_answer()
            },
            end,
            outbox: dice.queue(),
            tunings: (0..=reloads).map(|_| dice.tuning()).collect(),
        }
    }

    /// Numbered frames in all streams.
    pub(super) fn frames(&self) -> u64 {
        self.streams.iter().map(|stream| stream.frames).sum()
    }

    /// What the receiver drops besides, by reason.
    pub(super) fn hiccups(&self) -> [(&'static str, u64); 3] {
        let ends = |what| {
            self.streams
                .iter()
                .filter(|stream| stream.end == Some(what))
                .count() as u64
        };
        [
            ("frame_cut_short", ends(Hiccup::CutFrame)),
            ("gob_integer_too_long", ends(Hiccup::Garbage)),
            (
                "gob_length_out_of_range",
                self.streams.iter().map(|stream| stream.broken).sum(),
            ),
        ]
    }

    /// Whether the run is ended before it has drained.
    pub(super) fn is_cut_off(&self) -> bool {
        matches!(self.end, End::SecondSignal | End::GraceOver)
    }

    /// Whether an OTLP server may keep records whose answer the agent never sees: OTLP promises
    /// that each record comes at least once.
    pub(super) fn may_repeat(&self) -> bool {
        let silent = |answer: &Answer| matches!(answer, Answer::Hang | Answer::Vanish);
        self.is_cut_off() || self.answers.iter().any(silent)
    }

    /// The configuration with one of the tunings.
    pub(super) fn config(&self, tuning: &Tuning, socket: &Path, server: SocketAddr) -> String {
        let (grace, timeout) = match self.end {
            End::GraceOver => ("150ms", "60s"),
            End::SecondSignal => ("1h", "60s"),
            // A request that hangs has to be repeated before patience is over.
            _ => ("60s", if self.may_repeat() { "500ms" } else { "50s" }),
        };
        let patience = if matches!(self.then, Answer::Refuse(_)) {
            "50ms"
        } else {
            "50s"
        };
        let mut text = format!(
            "[receivers.monitor1_2]\nsocket = {socket:?}\nreconnect = {{ initial = \"1ms\", max = \"5ms\" }}\n{}\
             [processors.cilium_decode]\n[processors.l34_flow]\n",
            self.outbox.key()
        );
        text.extend(tuning.between.as_ref().map(Queue::key));
        let _ = write!(
            text,
            "[exporters.otlp]\nendpoint = \"http://{server}\"\nsignals = [\"flows\", \"lost\"]\n{}\
             batch = {{ max_records = {}, timeout = \"5ms\" }}\nin_flight = {}\ntimeout = \"{timeout}\"\n\
             drain_timeout = \"55s\"\nretry_on_failure = {{ initial_interval = \"5ms\", max_interval = \"20ms\", \
             max_elapsed_time = \"{patience}\" }}\n\
             [exporters.stdout]\nformat = \"json\"\nsignals = [\"flows\", \"lost\"]\n{}\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\ngrace_period = \"{grace}\"\n\
             [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\nprocessors = [\"cilium_decode\", \"l34_flow\"]\n\
             exporters = [\"otlp\", \"stdout\"]\n",
            tuning.otlp.key(),
            tuning.request,
            tuning.in_flight,
            tuning.stdout.key(),
        );
        text
    }
}

impl Queue {
    fn key(&self) -> String {
        format!(
            "queue = {{ records = {}, when_full = \"{}\" }}\n",
            self.records, self.when_full
        )
    }
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    fn queue(&mut self) -> Queue {
        let when_full = self.pick(&["block", "block", "drop_newest", "drop_oldest"]);
        Queue {
            records: self.pick(&[40, 300, 1000, 16_384]),
            when_full,
        }
    }

    fn tuning(&mut self) -> Tuning {
        Tuning {
            between: self.pick(&[false, true]).then(|| self.queue()),
            otlp: self.queue(),
            stdout: self.queue(),
            in_flight: 1 + self.below(4),
            request: self.pick(&[50, 300, 2048]),
        }
    }

    fn stream(&mut self) -> Stream {
        let most = self.pick(&[10, 1000, 3000]);
        let frames = 1 + self.below(most);
        let broken = self.pick(&[0, 0, 3]).min(frames);
        let end = self.pick(&[None, None, Some(Hiccup::CutFrame), Some(Hiccup::Garbage)]);
        Stream {
            frames,
            broken,
            end,
        }
    }

    fn answer(&mut self) -> Answer {
        let n = self.below(30);
        let refusals = [
            Code::Unavailable,
            Code::Aborted,
            Code::InvalidArgument,
            Code::ResourceExhausted,
            Code::Unauthenticated,
            Code::Unimplemented,
        ];
        let refuse = Answer::Refuse(self.pick(&refusals));
        let reject = Answer::Reject(i64::try_from(n).unwrap());
        self.pick(&[
            Answer::Accept,
            Answer::After(n),
            refuse,
            refuse,
            refuse,
            reject,
            Answer::Hang,
            Answer::Vanish,
        ])
    }

    fn last_answer(&mut self) -> Answer {
        self.pick(&[
            Answer::Accept,
            Answer::Accept,
            Answer::Accept,
            Answer::Reject(3),
            Answer::Refuse(Code::Unavailable),
        ])
    }
}
