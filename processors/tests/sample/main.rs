//! `sample`: which flows are kept, with which rate, and what passes unsampled.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::num::NonZeroU32;

use serde::de::IntoDeserializer as _;
use tidegate_model::flow::{Address, Flow, Ip, L4, Sampling, Verdict};
use tidegate_model::record::{Lost, LostSource};
use tidegate_model::{Batch, Kind, Kinds, Record, Tally, Timestamp};
use tidegate_processors::sample::KIND;
use tidegate_runtime::component::{
    BuildContext, ChainPosition, FlowContent, Lint, Place, ProcessorConfig,
};
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use toml::de::ValueDeserializer;

fn config(table: &str) -> Result<Box<dyn ProcessorConfig>, String> {
    let table = ValueDeserializer::parse(table).map_err(|error| error.to_string())?;
    (KIND.parse)(table.into_deserializer()).map_err(|error| error.to_string())
}

fn build(table: &str) -> Box<dyn Processor> {
    let context = BuildContext {
        stage: StageId::processor(KIND.name),
        node_name: "node-a".into(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    config(table).unwrap().build(&context).unwrap()
}

/// A flow of the connection with this number, from client to server.
fn request(connection: u16) -> Flow {
    let octets = connection.to_be_bytes();
    Flow {
        seq: connection.into(),
        verdict: Verdict::Forwarded,
        ip: Some(Ip {
            source: Address::v4([10, 0, octets[0], octets[1]]),
            destination: Address::v4([10, 1, 0, 9]),
            ..Ip::default()
        }),
        l4: L4::Tcp {
            source_port: 32_768 + connection / 2,
            destination_port: 443,
            flags: None,
        },
        ..Flow::default()
    }
}

fn reply(connection: u16) -> Flow {
    let mut flow = request(connection);
    let ip = flow.ip.as_mut().unwrap();
    std::mem::swap(&mut ip.source, &mut ip.destination);
    flow.l4 = L4::Tcp {
        source_port: 443,
        destination_port: 32_768 + connection / 2,
        flags: None,
    };
    flow
}

/// Returns the flows that a processor keeps.
fn kept(processor: &mut dyn Processor, flows: impl IntoIterator<Item = Flow>) -> Vec<Flow> {
    let mut batch = Batch::new();
    flows
        .into_iter()
        .for_each(|flow| batch.push(Record::Flow(flow)));
    let before = batch.len();
    let mut tally = Tally::default();
    processor.process(&mut batch, &mut tally);
    let removed = (before - batch.len()) as u64;
    let expected = [("not_sampled", removed)];
    assert_eq!(tally.filters(), &expected[..usize::from(removed > 0)]);
    let flow = |record: &Record| match record {
        Record::Flow(flow) => flow.clone(),
        other => panic!("not a flow: {other:?}"),
    };
    batch.records().iter().map(flow).collect()
}

fn connections(flows: &[Flow]) -> Vec<u64> {
    flows.iter().map(|flow| flow.seq).collect()
}

fn with_verdict(verdict: Verdict) -> impl Iterator<Item = Flow> {
    (0..1_000).map(move |connection| Flow {
        verdict,
        ..request(connection)
    })
}

#[test]
fn one_in_so_many_connections_is_kept() {
    for (one_in, expected) in [(1, 10_000), (2, 5_000), (10, 1_000), (100, 100)] {
        let mut sample = build(&format!("{{ one_in = {one_in} }}"));
        let kept = kept(sample.as_mut(), (0..10_000).map(request));
        // Four standard deviations of a binomial distribution.
        let bound = 4.0 * f64::from(expected).sqrt();
        let difference = (kept.len() as f64 - f64::from(expected)).abs();
        assert!(difference <= bound, "1 in {one_in}: {}", kept.len());
    }
}

#[test]
fn every_node_keeps_the_same_connections_in_both_directions() {
    let mut here = build("{ one_in = 10 }");
    let mut there = build("{ one_in = 10 }");
    let requests = kept(here.as_mut(), (0..1_000).map(request));
    let replies = kept(there.as_mut(), (0..1_000).map(reply));
    assert_eq!(connections(&requests), connections(&replies));
    assert_eq!(connections(&requests)[..6], KEPT_OF_TEN);
}

/// The first connections that 1 in 10 keeps, by another implementation of the hash.
const KEPT_OF_TEN: [u64; 6] = [2, 25, 51, 69, 78, 97];

#[test]
fn a_lower_rate_keeps_a_part_of_what_a_higher_one_keeps() {
    let of_ten = kept(build("{ one_in = 10 }").as_mut(), (0..5_000).map(request));
    let of_fifty = kept(build("{ one_in = 50 }").as_mut(), (0..5_000).map(request));
    let of_ten = connections(&of_ten);
    assert!(!of_fifty.is_empty());
    assert!(
        connections(&of_fifty)
            .iter()
            .all(|one| of_ten.contains(one))
    );
}

#[test]
fn another_seed_keeps_other_connections() {
    let of = |table| connections(&kept(build(table).as_mut(), (0..10_000).map(request)));
    let first = of("{ one_in = 10 }");
    let second = of("{ one_in = 10, seed = 1 }");
    let both = first.iter().filter(|one| second.contains(one)).count();
    assert!((50..150).contains(&both), "about one in a hundred: {both}");
    assert_eq!(first, of("{ one_in = 10, seed = 0 }"));
}

#[test]
fn the_rate_stays_with_the_flow() {
    for flow in kept(
        build("{ one_in = 10, seed = 3 }").as_mut(),
        (0..100).map(request),
    ) {
        let expected = Sampling::new(NonZeroU32::new(10).unwrap(), 3);
        assert_eq!(flow.sampling, expected);
    }
    for flow in kept(build("{ one_in = 1 }").as_mut(), (0..100).map(request)) {
        assert_eq!(flow.sampling, Sampling::NONE);
    }
}

#[test]
fn rates_of_samplers_behind_each_other_multiply() {
    for second in ["{ one_in = 5 }", "{ one_in = 5, seed = 9 }"] {
        let flows = kept(build("{ one_in = 10 }").as_mut(), (0..10_000).map(request));
        let twice = kept(build(second).as_mut(), flows);
        let once = kept(build("{ one_in = 50 }").as_mut(), (0..10_000).map(request));
        assert_eq!(connections(&twice), connections(&once), "{second}");
        assert!(twice.iter().all(|flow| flow.sampling == once[0].sampling));
    }
}

#[test]
fn a_product_of_rates_has_a_maximum() {
    let mut flow = request(1);
    flow.sampling = Sampling::new(Sampling::MAX_ONE_IN, 0);
    let mut sample = build("{ one_in = 1000000 }");
    for flow in kept(sample.as_mut(), [flow]) {
        assert_eq!(flow.sampling.one_in(), Some(Sampling::MAX_ONE_IN));
    }
}

#[test]
fn drops_audits_and_errors_pass_without_a_rate_unless_they_are_named() {
    for (verdict, name) in [
        (Verdict::Dropped, "drops"),
        (Verdict::Audit, "audits"),
        (Verdict::Error, "errors"),
    ] {
        let all = kept(build("{ one_in = 10 }").as_mut(), with_verdict(verdict));
        assert_eq!(all.len(), 1_000, "{verdict:?}");
        assert!(all.iter().all(|flow| flow.sampling == Sampling::NONE));
        let others: Vec<_> = ["drops", "audits", "errors"]
            .into_iter()
            .filter(|other| *other != name)
            .collect();
        let mut sample = build(&format!("{{ one_in = 10, also = {others:?} }}"));
        assert_eq!(kept(sample.as_mut(), with_verdict(verdict)).len(), 1_000);
        let mut sample = build(&format!("{{ one_in = 10, also = ['{name}'] }}"));
        assert!(kept(sample.as_mut(), with_verdict(verdict)).len() < 200);
    }
}

#[test]
fn flows_of_every_other_verdict_are_sampled() {
    for verdict in Verdict::ALL {
        let is_exempt = matches!(verdict, Verdict::Dropped | Verdict::Audit | Verdict::Error);
        let kept = kept(build("{ one_in = 10 }").as_mut(), with_verdict(verdict));
        assert_eq!(kept.len() == 1_000, is_exempt, "{verdict:?}");
    }
}

#[test]
fn a_flow_without_addresses_and_other_records_pass() {
    let time = Timestamp(1);
    let lost = Lost {
        time,
        source: LostSource::Unknown,
        count: 3,
        cpu: None,
        span: None,
    };
    let mut batch = Batch::new();
    for _ in 0..100 {
        batch.push(Record::Flow(Flow::default()));
        batch.push(Record::Lost(lost));
        batch.push(Record::default());
    }
    let mut tally = Tally::default();
    build("{ one_in = 1000000 }").process(&mut batch, &mut tally);
    assert_eq!((batch.len(), tally.removed()), (300, 0));
    assert!(batch.records().iter().all(|record| match record {
        Record::Flow(flow) => flow.sampling == Sampling::NONE,
        _ => true,
    }));
}

#[test]
fn metrics_behind_the_sampling_are_a_warning() {
    let position = |created_later| ChainPosition {
        received: Kinds::NONE,
        arriving: Kinds::of(&[Kind::Flow]),
        earlier: Vec::new(),
        later: Vec::new(),
        created_later,
    };
    let found =
        |table: &str, created_later| config(table).unwrap().inspect(&position(created_later));
    let metrics = Kinds::of(&[Kind::Metric]);
    let warnings = found("{ one_in = 10 }", metrics);
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].lint, Some(Lint::SampledMetrics));
    assert_eq!(warnings[0].place, Place::Key("one_in"));
    assert_eq!(found("{ one_in = 1 }", metrics), []);
    assert_eq!(found("{ one_in = 10 }", Kinds::NONE), []);
}

#[test]
fn flows_of_proxies_that_are_made_behind_the_sampling_are_a_warning() {
    let found = |table: &str, arriving, later: &[FlowContent]| {
        config(table).unwrap().inspect(&ChainPosition {
            received: Kinds::NONE,
            arriving: Kinds::of(arriving),
            earlier: Vec::new(),
            later: later.to_vec(),
            created_later: Kinds::NONE,
        })
    };
    let [both, flows] = [&[Kind::Flow, Kind::Event][..], &[Kind::Flow]];
    let warnings = found(
        "{ one_in = 10 }",
        both,
        &[FlowContent::Names, FlowContent::Dns],
    );
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].lint, Some(Lint::FlowsMadeLater));
    assert_eq!(found("{ one_in = 10 }", both, &[FlowContent::Names]), []);
    assert_eq!(found("{ one_in = 10 }", flows, &[FlowContent::Http]), []);
    assert_eq!(found("{ one_in = 1 }", both, &[FlowContent::Http]), []);
}

#[test]
fn wrong_values_are_refused_with_what_is_allowed() {
    for (table, expected) in [
        ("{}", "missing field `one_in`"),
        ("{ one_in = 0 }", "a whole number from 1 to 1000000"),
        (
            "{ one_in = 10, seed = 256 }",
            "a whole number from 0 to 255",
        ),
        (
            "{ one_in = 10, also = ['drop'] }",
            "expected one of `drops`, `audits`, `errors`",
        ),
        ("{ rate = 10 }", "unknown field `rate`"),
    ] {
        let message = config(table).err().unwrap_or_default();
        assert!(message.contains(expected), "{table}: {message}");
    }
}
