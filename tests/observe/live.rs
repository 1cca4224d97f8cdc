//! Observing monitor sockets and agents.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Sender, TryRecvError, channel};
use std::thread::{JoinHandle, spawn};

use serde_json::Value;

use crate::support::{
    Agent, AgentOutput, FakeCilium, TestDir, simulated_frames, tidegate, tidegate_with_env,
};

/// Serves one client per stream, each with this many frames, then closes its connection.
fn serve(cilium: FakeCilium, streams: &'static [u64]) -> JoinHandle<FakeCilium> {
    spawn(move || {
        for frames in streams {
            drop(cilium.send(*frames));
        }
        cilium
    })
}

#[test]
fn a_socket_is_observed_until_its_stream_ends() {
    let dir = TestDir::new();
    let socket = dir.path("monitor.sock");
    let server = serve(FakeCilium::listen(&socket), &[500]);
    let args = [
        "observe",
        "--socket",
        socket.to_str().unwrap(),
        "-o",
        "json",
    ];
    let output = tidegate(&args);
    server.join().unwrap();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stdout.lines().count() > 300, "{}", output.stdout);
}

#[test]
fn a_socket_is_followed_over_a_restart_of_the_agent_until_a_signal() {
    let dir = TestDir::new();
    let socket = dir.path("monitor.sock");
    let cilium = FakeCilium::listen(&socket);
    let args: [&OsStr; 5] = [
        "observe".as_ref(),
        "--socket".as_ref(),
        socket.as_os_str(),
        "--follow".as_ref(),
        "--print-node-name".as_ref(),
    ];
    let agent = Agent::start(&args);
    drop(cilium.send(300));
    let connection = cilium.send(300);
    agent.send_signal("INT");
    let output = agent.wait();
    drop(connection);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

#[test]
fn a_live_source_has_no_last_flows_and_a_table_needs_an_end() {
    for (args, expected) in [
        (
            &["--last", "3"][..],
            "--last needs a recording: an agent keeps no flows",
        ),
        (
            &["--socket", "--last", "3"],
            "the monitor socket keeps no flows",
        ),
        (&["-o", "table"], "an agent has no end: add --first N"),
    ] {
        let output = tidegate(&[&["observe"], args].concat());
        assert_eq!(output.code, Some(2), "{args:?}");
        assert!(
            output.stderr.contains(expected),
            "{args:?}: {}",
            output.stderr
        );
    }
}

#[test]
fn without_a_source_the_agent_is_tried_and_then_the_socket() {
    let dir = TestDir::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap().to_string();
    drop(closed);
    let socket = dir.path("monitor.sock");
    let environment = [
        ("TIDEGATE_TELEMETRY_LISTEN", OsStr::new(&address)),
        ("CILIUM_MONITOR_SOCK", socket.as_os_str()),
    ];
    let output = tidegate_with_env(&["observe"], &environment);
    assert_eq!(output.code, Some(1));
    for expected in [
        &*format!("no agent of tidegate answers at {address} (Connection refused"),
        &format!("the monitor socket {}: No such file", socket.display()),
        "name a source: --address HOST:PORT, --socket SOCKET, or --input-file RECORDING",
    ] {
        assert!(output.stderr.contains(expected), "{}", output.stderr);
    }
    let server = serve(FakeCilium::listen(&socket), &[100]);
    let output = tidegate_with_env(&["observe"], &environment);
    server.join().unwrap();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stderr.starts_with("observing the monitor socket "),
        "{}",
        output.stderr
    );
    assert!(output.stdout.lines().count() > 10, "{}", output.stdout);
}

#[test]
fn another_server_at_the_default_address_is_no_agent() {
    let dir = TestDir::new();
    let socket = dir.path("monitor.sock");
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let answers = spawn(move || {
        let (mut client, _) = server.accept().unwrap();
        let mut request = [0; 4096];
        let read = client.read(&mut request).unwrap();
        assert!(request[..read].starts_with(b"GET /debug/ledger "));
        client
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
    });
    let cilium = serve(FakeCilium::listen(&socket), &[100]);
    let environment = [
        ("TIDEGATE_TELEMETRY_LISTEN", OsStr::new(&address)),
        ("CILIUM_MONITOR_SOCK", socket.as_os_str()),
    ];
    let output = tidegate_with_env(&["observe", "-s"], &environment);
    answers.join().unwrap();
    cilium.join().unwrap();
    assert_eq!((output.code, &*output.stderr), (Some(0), ""));
    assert!(output.stdout.lines().count() > 10, "{}", output.stdout);
}

/// An agent that gets frames all the time.
struct BusyAgent {
    address: String,
    stop: Option<Sender<()>>,
    feeder: Option<JoinHandle<()>>,
    _agent: Agent,
    _dir: TestDir,
}

impl BusyAgent {
    fn start(pipelines: &[&str]) -> Self {
        let dir = TestDir::new();
        let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
        let mut text = format!(
            "[receivers.monitor1_2]\nsocket = {:?}\n[processors.cilium_decode]\n\
             [processors.l34_flow]\n[exporters.nop]\n\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\n",
            dir.path("monitor.sock")
        );
        for name in pipelines {
            text += &format!(
                "[service.pipelines.{name}]\nreceivers = [\"monitor1_2\"]\n\
                 processors = [\"cilium_decode\", \"l34_flow\"]\nexporters = [\"nop\"]\n"
            );
        }
        let mut agent = Agent::run(&dir.write("pipeline.toml", text));
        let address = agent.telemetry_address();
        let connection = cilium.send(100);
        let (stop, stopped) = channel();
        let feeder = spawn(move || {
            // Type definitions at the start of a stream may not be repeated.
            let frames = simulated_frames(600).split_off(simulated_frames(100).len());
            while stopped.try_recv() == Err(TryRecvError::Empty) && feed(&connection, &frames) {}
        });
        Self {
            address,
            stop: Some(stop),
            feeder: Some(feeder),
            _agent: agent,
            _dir: dir,
        }
    }

    fn run(&self, verb: &str, args: &[&str]) -> AgentOutput {
        tidegate(&[&[verb, "--address", &self.address], args].concat())
    }
}

fn feed(mut connection: &UnixStream, frames: &[u8]) -> bool {
    connection.write_all(frames).is_ok()
}

impl Drop for BusyAgent {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.feeder.take().map(JoinHandle::join);
    }
}

#[test]
fn an_agent_is_observed_behind_the_last_processor_of_its_pipeline() {
    let agent = BusyAgent::start(&["flows"]);
    let compact = agent.run("observe", &["--first", "20"]);
    assert_eq!(compact.code, Some(0), "{}", compact.stderr);
    assert_eq!(compact.stdout.lines().count(), 20);
    let dict = agent.run(
        "observe",
        &[
            "--first",
            "2",
            "-o",
            "dict",
            "--print-node-name",
            "--color",
            "always",
        ],
    );
    assert!(dict.stdout.starts_with("  TIMESTAMP: "), "{}", dict.stdout);
    assert!(dict.stdout.contains("\n       NODE: "), "{}", dict.stdout);
    assert!(dict.stdout.contains("\u{1b}["), "{}", dict.stdout);
    assert_eq!(dict.stdout.matches("------------\n").count(), 1);
    let table = agent.run(
        "observe",
        &["--first", "30", "-o", "table", "--verdict", "DROPPED"],
    );
    let lines: Vec<_> = table.stdout.lines().collect();
    assert_eq!(lines.len(), 31, "{}", table.stdout);
    let column = lines[0].find("VERDICT").unwrap();
    for line in &lines[1..] {
        assert!(line[column..].starts_with("DROPPED ") || line[column..].starts_with("DENIED "));
    }
    let events = agent.run("observe", &["agent-events", "--first", "1"]);
    assert_eq!(
        events.code,
        Some(2),
        "the source belongs behind the subcommand"
    );
}

#[test]
fn one_of_several_pipelines_has_to_be_named() {
    let agent = BusyAgent::start(&["flows", "more"]);
    let output = agent.run("observe", &[]);
    assert_eq!(
        (output.code, &*output.stderr),
        (
            Some(2),
            "error: the agent has several pipelines, flows, more: choose one with --pipeline NAME\n"
        )
    );
    let output = agent.run("observe", &["--pipeline", "more", "--first", "3"]);
    assert_eq!(output.stdout.lines().count(), 3, "{}", output.stderr);
    let output = agent.run("observe", &["--pipeline", "mor"]);
    assert!(
        output.stderr.contains("no pipeline `mor`"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_tap_has_the_filters_of_observe() {
    let agent = BusyAgent::start(&["flows"]);
    let tap = |args: &str| {
        let args: Vec<_> = args.split(' ').collect();
        let output = agent.run("tap", &args);
        assert_eq!(output.code, Some(0), "{args:?}: {}", output.stderr);
        output.stdout
    };
    let drops = tap("l34_flow --count 5 --verdict DROPPED --not --protocol tcp");
    assert_eq!(drops.lines().count(), 5);
    assert!(!drops.contains("TCP Flags"), "{drops}");
    let old = tap("l34_flow --count 3 -f verdict=dropped -f direction=ingress");
    assert!(
        old.lines()
            .all(|line| line.contains(" DROPPED ") || line.contains(" DENIED "))
    );
    let events = tap("l34_flow --count 3 --kind agent_events --format dict");
    assert_eq!(events.matches("    DETAILS: ").count(), 3, "{events}");
}

/// Reads lines until `count` of them are flows in JSON, while the process runs.
fn read_flows(agent: &mut Agent, count: usize) {
    let lines = BufReader::new(agent.take_stdout()).lines();
    let objects = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let flows = objects.filter(|object| object["flow"]["time"].is_string());
    assert_eq!(flows.take(count).count(), count);
}

#[test]
fn lines_of_json_are_whole_and_arrive_while_the_source_is_open() {
    let agent = BusyAgent::start(&["flows"]);
    let address = OsStr::new(&agent.address);
    let tap = [
        "tap",
        "l34_flow",
        "--format",
        "json",
        "--rate",
        "10000",
        "--address",
    ];
    let observe = ["observe", "-o", "json", "--address"];
    for args in [&tap[..], &observe] {
        let args: Vec<_> = args.iter().map(OsStr::new).chain([address]).collect();
        let mut viewer = Agent::start(&args);
        read_flows(&mut viewer, 200);
        // The verb ends since its output is closed.
        let output = viewer.wait_without_reading_stdout();
        assert_eq!(output.code, Some(0), "{}", output.stderr);
    }
}

#[test]
fn the_flows_of_an_open_socket_are_printed_at_once() {
    let dir = TestDir::new();
    let socket = dir.path("monitor.sock");
    let cilium = FakeCilium::listen(&socket);
    let args = ["observe", "-o", "json", "--socket"].map(OsStr::new);
    let args: Vec<_> = args.into_iter().chain([socket.as_os_str()]).collect();
    let mut agent = Agent::start(&args);
    let connection = cilium.send(100);
    read_flows(&mut agent, 20);
    let output = agent.wait_without_reading_stdout();
    drop(connection);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

#[test]
fn a_closed_output_ends_the_verb_although_nothing_is_printed() {
    let dir = TestDir::new();
    let socket = dir.path("monitor.sock");
    let cilium = FakeCilium::listen(&socket);
    let args: [&OsStr; 5] = [
        "observe".as_ref(),
        "--socket".as_ref(),
        socket.as_os_str(),
        "--ip".as_ref(),
        "203.0.113.99".as_ref(),
    ];
    let mut agent = Agent::start(&args);
    let connection = cilium.send(10);
    drop(agent.take_stdout());
    let output = agent.wait_without_reading_stdout();
    drop(connection);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}
