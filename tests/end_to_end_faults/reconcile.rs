//! Reconciles what the sinks received with what was sent and what the ledger counts as dropped.
//!
//! Records are the numbered frames, and the receiver's own reports of drops, which pass through the
//! pipeline as records.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::Value;

use super::numbered_frames::frame_number;
use super::output_reader::ReadMode;
use super::scenario::{Ending, Scenario};
use crate::support::LedgerReport;

const RECEIVER: &str = "receivers.monitor1_2";

/// What one sink received.
#[derive(Default)]
pub(super) struct Received {
    numbers: Vec<u64>,
    /// The number of records that each drop report is about.
    reports: BTreeMap<String, u64>,
}

/// How the records that a sink received relate to its `absorbed` count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// Each absorbed record is received once, and no other.
    Exact,
    /// Unconfirmed records may be received too, and any record more than once.
    AtLeastOnce,
    /// Absorbed records may be discarded unread with the pipe.
    AtMostOnce,
}

impl Received {
    /// Reads lines of Hubble's JSON.
    pub(super) fn from_json(lines: &[String]) -> Self {
        let mut received = Self::default();
        for line in lines {
            let event: Value = serde_json::from_str(line).unwrap();
            match event.pointer("/flow/IP/source").and_then(Value::as_str) {
                Some(address) => received.numbers.push(frame_number(address)),
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

    /// Reads log records.
    pub(super) fn from_logs(logs: &[LogRecord]) -> Self {
        let mut received = Self::default();
        for log in logs {
            let attribute = |key| {
                let mut attributes = log.attributes.iter();
                let attribute = attributes.find(|attribute| attribute.key == key)?;
                attribute.value.as_ref()?.value.as_ref()
            };
            match (attribute("source.address"), attribute("cilium.lost.count")) {
                (Some(Attribute::StringValue(address)), None) => {
                    received.numbers.push(frame_number(address))
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

    fn distinct(&self) -> BTreeSet<u64> {
        self.numbers.iter().copied().collect()
    }
}

/// A finished run.
pub(super) struct Reconciliation<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) ledger: &'a LedgerReport,
}

impl Reconciliation<'_> {
    pub(super) fn check(&self, otlp: &Received, stdout: &Received) {
        self.check_receiver();
        let otlp_delivery = if self.scenario.may_repeat() {
            Delivery::AtLeastOnce
        } else {
            Delivery::Exact
        };
        self.check_sink("exporters.otlp", otlp, otlp_delivery);
        let stdout_delivery = match (self.scenario.read_mode, self.scenario.is_cut_off()) {
            (ReadMode::CloseAfter(_), _) => Delivery::AtMostOnce,
            (_, true) => Delivery::AtLeastOnce,
            _ => Delivery::Exact,
        };
        self.check_sink("exporters.stdout", stdout, stdout_delivery);
    }

    /// Checks that the ledger counts what the receiver could not read, by reason.
    fn check_receiver(&self) {
        let dropped = self.ledger.dropped(RECEIVER);
        for (reason, expected) in self.scenario.unreadable() {
            let counted = dropped.get(reason).copied().unwrap_or_default();
            match self.scenario.ending {
                Ending::Drained => assert_eq!(counted, expected, "{reason}"),
                // The signal may truncate one more frame.
                _ => assert!(counted <= expected + 1, "{counted} of {expected} {reason}"),
            }
        }
    }

    /// Frames and reports that reached the outbox.
    fn offered(&self) -> u64 {
        self.ledger.count(RECEIVER, "in") - self.unreadable()
    }

    /// Records that the receiver could not read.
    fn unreadable(&self) -> u64 {
        let dropped = self.ledger.dropped(RECEIVER);
        self.scenario
            .unreadable()
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
        stages.iter().map(|stage| self.lost_in(stage)).sum::<u64>() - self.unreadable()
    }

    /// Records whose delivery the stage does not confirm.
    fn lost_in(&self, stage: &str) -> u64 {
        self.ledger.dropped(stage).values().sum::<u64>() + self.unsettled_in(stage)
    }

    /// Records that may have arrived or not. A stage that cannot be cancelled leaves some in flight
    /// when it is torn down.
    fn unsettled_in(&self, stage: &str) -> u64 {
        self.ledger.count(stage, "unconfirmed") + self.ledger.count(stage, "in_flight")
    }

    fn check_sink(&self, sink: &str, received: &Received, delivery: Delivery) {
        assert_eq!(
            self.ledger.count(sink, "absorbed") + self.dropped_before(sink),
            self.offered(),
            "{sink}: records offered\n{}",
            self.ledger
        );
        self.check_received(sink, received, delivery);
        self.check_numbers(sink, received);
        if self.scenario.ending == Ending::Drained {
            self.check_missing(sink, received, delivery);
        }
    }

    /// Checks the number of received records against the sink's own counts.
    fn check_received(&self, sink: &str, received: &Received, delivery: Delivery) {
        let absorbed = self.ledger.count(sink, "absorbed");
        let distinct = received.distinct().len();
        let flows = distinct as u64;
        let reports = received.reports.len() as u64;
        match delivery {
            Delivery::Exact => {
                assert_eq!(
                    received.numbers.len(),
                    distinct,
                    "{sink}: duplicate numbers"
                );
                assert_eq!(
                    flows + reports,
                    absorbed,
                    "{sink}: received and absorbed\n{}",
                    self.ledger
                );
            }
            // Dropped records were refused or not sent, so they have not arrived.
            Delivery::AtLeastOnce => assert!(
                (absorbed..=absorbed + self.unsettled_in(sink)).contains(&(flows + reports)),
                "{sink}: {flows} flows, {reports} reports\n{}",
                self.ledger
            ),
            Delivery::AtMostOnce => assert!(
                flows + reports <= absorbed + self.lost_in(sink),
                "{sink}: {flows} flows\n{}",
                self.ledger
            ),
        }
    }

    /// Checks that only numbers that were sent were received. Frames are read in order, so those
    /// that were read are numbered from 1 without a gap.
    fn check_numbers(&self, sink: &str, received: &Received) {
        let distinct = received.distinct();
        let offered = self.offered();
        let reports = received.reports.len() as u64;
        let read = if self.scenario.ending == Ending::Drained {
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
    }

    /// Checks that after everything was read, the missing numbers are those counted as dropped.
    fn check_missing(&self, sink: &str, received: &Received, delivery: Delivery) {
        let distinct = received.distinct();
        let reports_made = self.offered() - self.scenario.frames();
        let missing_reports = reports_made - received.reports.len() as u64;
        let missing_frames = (1..=self.scenario.frames())
            .filter(|number| !distinct.contains(number))
            .count() as u64;
        let missing = missing_frames + missing_reports;
        let dropped = self.dropped_before(sink);
        assert!(
            missing == dropped || delivery != Delivery::Exact && missing < dropped,
            "{sink}: {missing} missing, {dropped} dropped\n{}",
            self.ledger
        );
        let reported = received.reports.values().sum::<u64>();
        let full = self.ledger.count(RECEIVER, "dropped/pipeline_full");
        let is_consistent = if missing_reports == 0 {
            reported == full
        } else {
            reported <= full
        };
        assert!(
            is_consistent,
            "{sink}: {reported} of {full} reported\n{}",
            self.ledger
        );
    }
}
