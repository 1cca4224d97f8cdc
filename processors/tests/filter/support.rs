//! Builds the processor, and records for it.

use std::sync::Arc;

use tidegate_model::flow::{Address, DropReason, Flow, Ip, IpVersion, L4, Verdict, message_type};
use tidegate_model::metric::{Family, MetricKind, Point, Series, Value};
use tidegate_model::record::{
    AgentEvent, AgentEventType, DebugEvent, DebugEventType, Lost, LostSource, Notification,
};
use tidegate_model::{Batch, Kinds, Record, Tally, Timestamp};
use tidegate_processors::filter::KIND;
use tidegate_runtime::component::{
    BuildContext, ChainPosition, Finding, FlowContent, ProcessorConfig,
};
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// Parses the keys of the processor's table.
pub(crate) fn config(table: &str) -> Result<Box<dyn ProcessorConfig>, toml::de::Error> {
    let table = DeTable::parse(table)?;
    let span = table.span();
    let value = Spanned::new(span, DeValue::Table(table.into_inner()));
    (KIND.parse)(ValueDeserializer::from(value))
}

/// What is reported about the table behind a processor that adds names.
pub(crate) fn findings(table: &str) -> Vec<Finding> {
    config(table).unwrap().inspect(&ChainPosition {
        received: Kinds::ALL,
        arriving: Kinds::ALL,
        earlier: vec![FlowContent::Names],
        later: Vec::new(),
        created_later: Kinds::NONE,
    })
}

pub(crate) fn build(table: &str) -> Box<dyn Processor> {
    let found = findings(table);
    assert_eq!(found, [], "{table}");
    let context = BuildContext {
        stage: StageId::processor(KIND.name),
        node_name: "node-a".into(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    config(table).unwrap().build(&context).unwrap()
}

/// The rule that removes each record; `-` if none does. The records of a batch are asserted to stay in
/// their order.
pub(crate) fn outcomes(table: &str, records: &[Record]) -> Vec<&'static str> {
    let mut processor = build(table);
    let outcome = |record: &Record| {
        let mut batch = Batch::new();
        batch.push(record.clone());
        let mut tally = Tally::default();
        processor.process(&mut batch, &mut tally);
        match tally.filters() {
            [] if batch.len() == 1 => "-",
            [(rule, 1)] if batch.is_empty() => rule,
            other => panic!("{other:?}"),
        }
    };
    records.iter().map(outcome).collect()
}

/// A TCP flow to a port.
pub(crate) fn flow(port: u16, verdict: Verdict) -> Record {
    let is_drop = verdict == Verdict::Dropped;
    Record::Flow(Flow {
        verdict,
        message_type: if is_drop {
            message_type::DROP
        } else {
            message_type::TRACE
        },
        sub_type: if is_drop { 133 } else { 0 },
        drop_reason: DropReason(if is_drop { 133 } else { 0 }),
        ip: Some(Ip {
            source: Address::v4([10, 0, 0, 1]),
            destination: Address::v4([10, 0, 0, 2]),
            version: IpVersion::V4,
            ..Ip::default()
        }),
        l4: L4::Tcp {
            source_port: 40_000,
            destination_port: port,
            flags: None,
        },
        ..Flow::default()
    })
}

pub(crate) fn forwarded(port: u16) -> Record {
    flow(port, Verdict::Forwarded)
}

pub(crate) fn lost() -> Record {
    Record::Lost(Lost {
        time: Timestamp(1),
        source: LostSource::ObserverEventsQueue,
        count: 3,
        cpu: None,
        span: None,
    })
}

pub(crate) fn agent_event(event_type: AgentEventType) -> Record {
    Record::AgentEvent(Box::new(AgentEvent {
        time: Timestamp(1),
        stream: 1,
        event_type,
        notification: Notification::AgentStart { time: None },
    }))
}

pub(crate) fn debug_event(number: u8) -> Record {
    Record::DebugEvent(DebugEvent {
        event_type: DebugEventType(number),
        ..DebugEvent::default()
    })
}

pub(crate) fn metric() -> Record {
    let family = Family {
        name: "m".to_owned(),
        help: String::new(),
        unit: String::new(),
        kind: MetricKind::Gauge,
        label_names: Vec::new(),
    };
    let series = Series {
        family: Arc::new(family),
        labels: Vec::new(),
        start: Timestamp(1),
    };
    Record::Metric(Point {
        series: Arc::new(series),
        time: Timestamp(1),
        value: Value::Gauge(1.0),
    })
}

/// One record of every kind that a filter does not drop by itself: flows that report trouble, and
/// records other than flows.
pub(crate) fn exempt() -> [Record; 6] {
    [
        flow(80, Verdict::Dropped),
        flow(80, Verdict::Audit),
        flow(80, Verdict::Error),
        lost(),
        agent_event(AgentEventType::PolicyUpdated),
        debug_event(1),
    ]
}
