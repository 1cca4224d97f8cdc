//! What one exporter does to the others: nothing. And what a backend that was away has when it is
//! back: all that the other exporters have.

mod agreement;
mod books;

use std::ffi::OsStr;
use std::io::Read as _;

use crate::support::{Agent, Answer, Books, Collector, Place, eventually, get};
use books::{Live, sum};

/// A Cilium agent that plays so many events as fast as they are read.
pub(super) fn flood(place: &Place, mix: &str, events: u64) -> Agent {
    let (socket, events) = (place.path("monitor.sock"), events.to_string());
    let options = ["--events", &events, "--rate", "0", "--mix", mix, "--listen"];
    let args: Vec<&OsStr> = std::iter::once("simulate")
        .chain(options)
        .map(AsRef::as_ref)
        .collect();
    let mut stand_in = Agent::start(&[args.as_slice(), &[socket.as_os_str()]].concat());
    stand_in.says("simulating a Cilium agent");
    stand_in
}

/// A configuration that reads that agent once, counts flows, and has these exporters.
pub(super) fn config(
    place: &Place,
    metrics: &str,
    exporters: &[(&str, &str)],
) -> std::path::PathBuf {
    let names: Vec<_> = exporters.iter().map(|(name, _)| *name).collect();
    let declared: String = exporters
        .iter()
        .map(|(name, keys)| format!("[exporters.{name}]\n{keys}\n"))
        .collect();
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\nreconnect = {{ initial = \"1h\", max = \"1h\" }}\n\
         [processors]\ncilium_decode = {{}}\nl34_flow = {{}}\n\
         hubble_metrics = {{ metrics = [{metrics}], interval = \"50ms\" }}\n{declared}\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\ngrace_period = \"300ms\"\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\", \"hubble_metrics\"]\nexporters = {names:?}\n",
        place.path("monitor.sock")
    );
    place.write("pipeline.toml", text)
}

/// The address of the exporter for Prometheus.
pub(super) fn prometheus(agent: &mut Agent) -> String {
    let line = agent.has_said("serving metrics");
    line.split("address=")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned()
}

const PROMETHEUS: (&str, &str) = ("prometheus", "listen = \"127.0.0.1:0\"");

#[test]
fn a_reader_of_standard_output_that_stalls_stops_no_other_exporter() {
    const EVENTS: u64 = 150_000;
    let place = Place::new();
    let _cilium = flood(&place, "default", EVENTS);
    let config = config(
        &place,
        "\"flow\"",
        &[("stdout", "format = \"json\""), PROMETHEUS],
    );
    // Nobody reads its standard output.
    let mut agent = Agent::run(&config);
    let live = Live(agent.address());
    let metrics = prometheus(&mut agent);
    eventually("all events have come", || {
        live.number("receivers.monitor1_2", "in") >= EVENTS
    });
    eventually("none is on its way to Prometheus", || {
        let stages = [
            "receivers.monitor1_2",
            "processors.cilium_decode",
            "processors.l34_flow",
        ];
        stages
            .iter()
            .all(|stage| live.number(stage, "in_flight") == 0)
    });
    assert!(
        live.number("exporters.stdout", "dropped/queue_full") > 0,
        "{live}"
    );
    // A machine under load may lose some at the front, where the reader never waits. With a
    // pipeline that stands still, no more than the queues hold would have come this far.
    assert!(
        live.number("processors.hubble_metrics", "in") > EVENTS / 2,
        "{live}"
    );
    let counted = || sum(&get(&metrics, "/metrics").1, "hubble_flows_processed_total");
    // Some records are no flows: agent events, losses.
    let passed = live.number("processors.hubble_metrics", "in")
        - live.number("processors.hubble_metrics", "created");
    eventually("Prometheus has the flows", || {
        counted() > 0.9 * passed as f64
    });
    assert_eq!(
        live.number("exporters.prometheus", "dropped/queue_full"),
        0,
        "{live}"
    );
}

#[test]
fn a_recording_is_lost_to_no_backend_that_is_slow_and_well() {
    let place = Place::new();
    let collector = Collector::answering(&[], Answer::After(20));
    let keys = format!(
        "endpoint = \"http://{}\"\nsignals = [\"flows\"]\nin_flight = 1\nbatch.max_records = 100\n\
         queue = {{ records = 100 }}",
        collector.address
    );
    let config = place.replay(5000, &["cilium_decode", "l34_flow"], "otlp", &keys);
    let books = Books::of(&place, &config);
    let offered =
        books.number("exporters.otlp", "in") - books.number("exporters.otlp", "filtered/signals");
    assert!(offered > 3000, "{books}");
    assert_eq!(
        (books.number("exporters.otlp", "absorbed"), books.drops()),
        (offered, vec![]),
        "{books}"
    );
    assert_eq!(collector.logs().len() as u64, offered);
}

#[test]
fn when_the_reader_of_one_output_leaves_the_others_go_on_and_the_end_is_good() {
    let place = Place::new();
    let _cilium = flood(&place, "default", 20_000);
    let mut agent = Agent::run(&config(&place, "\"flow\"", &[("stdout", ""), PROMETHEUS]));
    let live = Live(agent.address());
    let mut first = [0];
    agent.take_stdout().read_exact(&mut first).unwrap();
    agent.says("the output of the exporter is closed");
    eventually("all events have come", || {
        live.number("receivers.monitor1_2", "in") >= 20_000
    });
    let (status, ready) = get(&live.0, "/readyz");
    assert_eq!((status, ready.lines().next()), (200, Some("degraded")));
    assert!(ready.contains("exporters.stdout: "), "{ready}");
    let (_, page) = get(&live.0, "/metrics");
    let degraded = |stage: &str| {
        sum(
            &page,
            &format!("tidegate_stage_degraded{{stage=\"{stage}\"}}"),
        )
    };
    assert_eq!(
        (
            degraded("exporters.stdout"),
            degraded("exporters.prometheus")
        ),
        (1.0, 0.0)
    );
    agent.signal("TERM");
    let ended = agent.ended_unread();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn an_output_that_fails_ends_alone_and_the_exit_code_says_so() {
    let place = Place::new();
    let _cilium = flood(&place, "default", 20_000);
    let config = config(
        &place,
        "\"flow\"",
        &[("stdout", "give_up_after = \"0s\""), PROMETHEUS],
    );
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut agent = Agent::run_with_output(&config, full);
    let live = Live(agent.address());
    let why = "No space left on device";
    eventually("the exporter has failed", || {
        get(&live.0, "/readyz").1.contains(why)
    });
    eventually("all events have come", || {
        live.number("receivers.monitor1_2", "in") >= 20_000
    });
    assert_eq!(get(&live.0, "/readyz").1.lines().next(), Some("degraded"));
    agent.signal("TERM");
    let ended = agent.ended_unread();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let last = ended.stderr.lines().last().unwrap();
    assert!(
        last.starts_with("error: stage `exporters.stdout` failed: ") && last.contains(why),
        "{last}"
    );
}

#[test]
fn when_all_outputs_have_left_the_run_ends_well() {
    let place = Place::new();
    let _cilium = flood(&place, "default", 20_000);
    let mut agent = Agent::run(&config(&place, "\"flow\"", &[("stdout", "")]));
    let mut first = [0];
    agent.take_stdout().read_exact(&mut first).unwrap();
    agent.says("every exporter has ended");
    let ended = agent.ended_unread();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
