//! What the sinks received against what was sent and what the ledger says was dropped, record by
//! record.
//!
//! Records are the numbered frames and the receiver's own reports of what it dropped, which go down
//! the pipeline like any other record.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::Value;

use super::frames::number;
use super::reader::Reading;
use super::scenario::{End, Scenario};
use crate::support::Books;

const RECEIVER: &str = "receivers.monitor1_2";

/// What one sink received.
#[derive(Default)]
pub(super) struct Received {
    numbers: Vec<u64>,
    /// Reports of drops: how many records each is about.
    reports: BTreeMap<String, u64>,
}

/// How far what a sink received can be told from the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Faith {
    /// Absorbed is received.
    Exact,
    /// Records may be received whose receipt the agent never heard of, and counts as unconfirmed;
    /// or twice.
    AtLeastOnce,
    /// What was absorbed may have been thrown away unread by whoever closed the pipe.
    Unread,
}

impl Received {
    /// From lines of JSON.
    pub(super) fn lines(lines: &[String]) -> Self {
        let mut received = Self::default();
        for line in lines {
            let event: Value = serde_json::from_str(line).unwrap();
            match event.pointer("/flow/IP/source").and_then(Value::as_str) {
                Some(address) => received.numbers.push(number(address)),
                None => {
                    let count = event["lost_events"]["num_events_lost"]
                        .as_str()
                        .and_then(|text| text.parse().ok());
                    received.reports.insert(line.clone(), count.unwrap());
                }
            }
        }
        received
    }

    /// From log records.
    pub(super) fn logs(logs: &[LogRecord]) -> Self {
        let mut received = Self::default();
        for log in logs {
            let attribute = |key| {
                log.attributes
                    .iter()
                    .find(|one| one.key == key)?
                    .value
                    .as_ref()?
                    .value
                    .as_ref()
            };
            match (attribute("source.address"), attribute("cilium.lost.count")) {
                (Some(Attribute::StringValue(address)), None) => {
                    received.numbers.push(number(address))
                }
                (None, Some(Attribute::IntValue(count))) => {
                    received.reports.insert(
                        format!("{:?}", log.attributes),
                        u64::try_from(*count).unwrap(),
                    );
                }
                _ => panic!("neither a flow nor a report: {log:?}"),
            }
        }
        received
    }
}

/// A run that is over.
pub(super) struct Reckoning<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) books: &'a Books,
}

impl Reckoning<'_> {
    pub(super) fn check(&self, otlp: &Received, stdout: &Received) {
        self.check_receiver();
        let repeats = if self.scenario.may_repeat() {
            Faith::AtLeastOnce
        } else {
            Faith::Exact
        };
        self.check_sink("exporters.otlp", otlp, repeats);
        let torn = match (self.scenario.reading, self.scenario.is_cut_off()) {
            (Reading::HangsUp(_), _) => Faith::Unread,
            (_, true) => Faith::AtLeastOnce,
            _ => Faith::Exact,
        };
        self.check_sink("exporters.stdout", stdout, torn);
    }

    /// What the receiver could not read is in its books by reason.
    fn check_receiver(&self) {
        let dropped = self.books.dropped(RECEIVER);
        for (reason, expected) in self.scenario.hiccups() {
            let counted = dropped.get(reason).copied().unwrap_or_default();
            match self.scenario.end {
                End::Drained => assert_eq!(counted, expected, "{reason}"),
                // The signal may cut one more frame in two.
                _ => assert!(counted <= expected + 1, "{counted} of {expected} {reason}"),
            }
        }
    }

    /// Frames and reports that came as far as the outbox.
    fn offered(&self) -> u64 {
        self.books.number(RECEIVER, "in") - self.refused()
    }

    /// What the receiver could not read.
    fn refused(&self) -> u64 {
        let dropped = self.books.dropped(RECEIVER);
        self.scenario
            .hiccups()
            .iter()
            .filter_map(|(reason, _)| dropped.get(*reason))
            .sum()
    }

    /// Records that were counted as dropped on the way to a sink, or in it.
    fn dropped_before(&self, sink: &str) -> u64 {
        let stages = [
            RECEIVER,
            "processors.cilium_decode",
            "processors.l34_flow",
            sink,
        ];
        stages.iter().map(|stage| self.lost_in(stage)).sum::<u64>() - self.refused()
    }

    /// Records that were not delivered as far as the stage knows.
    fn lost_in(&self, stage: &str) -> u64 {
        self.books.dropped(stage).values().sum::<u64>() + self.unsettled_in(stage)
    }

    /// Records that may have arrived or not. A stage that was torn down while it could not be
    /// cancelled has some in flight.
    fn unsettled_in(&self, stage: &str) -> u64 {
        self.books.number(stage, "unconfirmed") + self.books.number(stage, "in_flight")
    }

    fn check_sink(&self, sink: &str, received: &Received, faith: Faith) {
        let (offered, dropped) = (self.offered(), self.dropped_before(sink));
        let (absorbed, lost) = (self.books.number(sink, "absorbed"), self.lost_in(sink));
        assert_eq!(
            absorbed + dropped,
            offered,
            "{sink}: where the records went\n{}",
            self.books
        );
        let distinct: BTreeSet<u64> = received.numbers.iter().copied().collect();
        let (flows, reports) = (distinct.len() as u64, received.reports.len() as u64);
        match faith {
            Faith::Exact => {
                assert_eq!(
                    received.numbers.len(),
                    distinct.len(),
                    "{sink}: a number came twice"
                );
                assert_eq!(
                    flows + reports,
                    absorbed,
                    "{sink}: received and absorbed\n{}",
                    self.books
                );
            }
            Faith::AtLeastOnce => {
                // What was dropped was refused, or never left: it has not arrived.
                assert!(
                    (absorbed..=absorbed + self.unsettled_in(sink)).contains(&(flows + reports)),
                    "{sink}: {flows} flows, {reports} reports\n{}",
                    self.books
                );
            }
            Faith::Unread => assert!(
                flows + reports <= absorbed + lost,
                "{sink}: {flows} flows\n{}",
                self.books
            ),
        }
        // Frames are read in order, so what was read is numbered from 1 on without a gap.
        let read = if self.scenario.end == End::Drained {
            self.scenario.frames()
        } else {
            offered - reports
        };
        assert!(
            read <= self.scenario.frames() + reports.max(offered),
            "{sink}"
        );
        let last = distinct.last().copied().unwrap_or_default();
        assert!(
            !distinct.contains(&0) && last <= read.min(self.scenario.frames()),
            "{sink}: {last} was not sent"
        );
        if self.scenario.end == End::Drained {
            self.check_missing(sink, &distinct, received, faith);
        }
    }

    /// When all was read, the numbers that are missing are those that were counted as dropped.
    fn check_missing(
        &self,
        sink: &str,
        distinct: &BTreeSet<u64>,
        received: &Received,
        faith: Faith,
    ) {
        let made = self.offered() - self.scenario.frames();
        let missing_reports = made - received.reports.len() as u64;
        let missing = (1..=self.scenario.frames())
            .filter(|number| !distinct.contains(number))
            .count() as u64;
        let dropped = self.dropped_before(sink);
        let told = missing + missing_reports;
        assert!(
            told == dropped || faith != Faith::Exact && told < dropped,
            "{sink}: {told} missing, {dropped} dropped\n{}",
            self.books
        );
        let (reported, full) = (
            received.reports.values().sum::<u64>(),
            self.books.number(RECEIVER, "dropped/pipeline_full"),
        );
        assert!(
            if missing_reports == 0 {
                reported == full
            } else {
                reported <= full
            },
            "{sink}: {reported} of {full} reported\n{}",
            self.books
        );
    }
}
