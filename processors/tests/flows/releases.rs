//! What agents of every release send is decoded.

use crate::support::Chain;
use tidegate_core::{Kind, Record};
use tidegate_simulate::{Event, Options, Release, Simulator};

const EVENTS: usize = 4000;

#[test]
fn nothing_but_the_recorder_is_left_undecoded() {
    for release in Release::ALL {
        let mut simulator = Simulator::new(Options { release, seed: 7, ..Options::default() });
        let samples = std::iter::from_fn(|| Some(simulator.next_event())).filter_map(|event| match event {
            Event::Sample { data, .. } => Some(data),
            Event::Lost { .. } => None,
        });
        let mut chain =
            Chain::of(&[("cilium_decode", "{}"), ("l34_flow", "{}"), ("sock_flow", "{}"), ("l7_flow", "{}")]);
        let batch = chain.run(samples.take(EVENTS));
        let undecoded: Vec<_> =
            chain.step(0).tally.notes().iter().filter(|(note, _)| note.starts_with("undecoded")).collect();
        assert!(undecoded.iter().all(|(note, _)| *note == "undecoded_recorder"), "{}: {undecoded:?}", release.name());
        assert!(chain.steps().iter().all(|step| step.dropped() == 0), "{}", release.name());
        let has = |wanted: fn(&Record) -> bool| batch.records().iter().any(wanted);
        assert!(has(|record| record.kind() == Kind::AgentEvent), "{}: no agent event", release.name());
        assert!(has(|record| record.kind() == Kind::DebugEvent), "{}: no debug event", release.name());
        let has_socket = has(|record| matches!(record, Record::Flow(flow) if flow.socket.is_some()));
        assert_eq!(has_socket, release >= Release::V1_13, "{}: socket flows", release.name());
    }
}
