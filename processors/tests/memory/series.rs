//! The memory of series is that of those that exist, however many there were.

use stats_alloc::Region;
use tidegate_model::flow::{Endpoint, EndpointNames, Flow, Verdict, message_type};
use tidegate_model::record::{AgentEvent, AgentEventType, EndpointUpdate, Notification};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kinds, Record, Timestamp};
use tidegate_runtime::stage::Processor;

use crate::support::build_for;
use crate::{ALLOCATOR, OVERHEAD, exclusive, growth};

/// Pods that exist at a time.
const PODS: u64 = 2_000;
/// Pods of a day.
const CHURN: u64 = 100_000;
/// The documented bytes of a series with two labels of its pod.
const PER_SERIES: usize = 600;

fn flow(pod: u64) -> Record {
    let names = EndpointNames {
        namespace: "namespace".to_owned(),
        pod_name: format!("deployment-7d4b9c6f5-{pod:05}"),
        ..EndpointNames::default()
    };
    Record::Flow(Flow {
        message_type: message_type::DROP,
        verdict: Verdict::Dropped,
        source: Endpoint {
            names: Some(names.into()),
            ..Endpoint::default()
        },
        ..Flow::default()
    })
}

fn deleted(pod: u64) -> Record {
    Record::AgentEvent(Box::new(AgentEvent {
        time: Timestamp::default(),
        stream: 1,
        event_type: AgentEventType::EndpointDeleted,
        notification: Notification::EndpointUpdate(EndpointUpdate {
            namespace: "namespace".to_owned(),
            pod_name: format!("deployment-7d4b9c6f5-{pod:05}"),
            ..EndpointUpdate::default()
        }),
    }))
}

/// Starts pods, deletes as many that are older, and has the minute pass.
fn replace(processor: &mut dyn Processor, pods: std::ops::Range<u64>, second: u64) {
    let mut batch = Batch::new();
    for pod in pods {
        batch.push(flow(pod));
        if let Some(old) = pod.checked_sub(PODS) {
            batch.push(deleted(old));
        }
    }
    processor.process(&mut batch, &mut Tally::default());
    for second in [second, second + 60, second + 61] {
        let mut out = Batch::new();
        processor.tick(Timestamp(second * 1_000_000_000), &mut out);
    }
}

#[test]
fn the_memory_of_series_does_not_grow_with_pods_that_come_and_go() {
    let _only = exclusive();
    let metrics = "{ metrics = ['drop:sourceContext=pod', \
                   'flow:labelsContext=source_pod,source_namespace'] }";
    let mut processor = build_for(Kinds::NONE, "hubble_metrics", metrics)
        .unwrap_or_else(|message| panic!("{message}"));
    let region = Region::new(ALLOCATOR);
    let step = PODS / 4;
    let mut highest = 0;
    for begin in (0..CHURN).step_by(step.try_into().unwrap_or(1)) {
        replace(&mut *processor, begin..begin + step, 1_000 + begin);
        highest = highest.max(growth(&region));
    }
    // Deleted pods keep their series for a minute.
    let series = usize::try_from(2 * (PODS + step)).unwrap_or_default();
    let allowed = series * PER_SERIES + OVERHEAD;
    assert!(highest < allowed, "{highest} bytes of {allowed}");
}
