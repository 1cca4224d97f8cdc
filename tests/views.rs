//! Views of a running agent: `ledger`, `top` and `tap`.

use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::support::{
    Agent, AgentOutput, FakeCilium, TestDir, eventually, get, simulated_frames, tidegate,
};

/// An agent that has processed this many frames and waits for more, killed on drop.
struct IdleAgent {
    address: String,
    connection: std::os::unix::net::UnixStream,
    _agent: Agent,
    dir: TestDir,
    frames: u64,
}

fn idle_agent(frames: u64) -> IdleAgent {
    let dir = TestDir::new();
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let mut agent = Agent::run(&config(&dir));
    let address = agent.telemetry_address();
    let connection = cilium.send(frames);
    let settled = |stage: &Value| stage["in_flight"] == 0 && stage["in"].as_u64() >= Some(1);
    eventually("all frames are processed", || {
        let ledger: Value = serde_json::from_str(&get(&address, "/debug/ledger").1).unwrap();
        let stages = ledger["stages"].as_array().unwrap();
        stages[0]["in"] == frames && stages.iter().all(settled)
    });
    IdleAgent {
        address,
        connection,
        _agent: agent,
        dir,
        frames,
    }
}

fn config(dir: &TestDir) -> std::path::PathBuf {
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n\
         [processors.cilium_decode]\n[processors.l34_flow]\n[exporters.nop]\n\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\"]\nexporters = [\"nop\"]\n",
        dir.path("monitor.sock")
    );
    dir.write("pipeline.toml", text)
}

impl IdleAgent {
    fn view(&self, verb: &str, args: &[&str]) -> AgentOutput {
        tidegate(&[&[verb, "--address", &self.address], args].concat())
    }

    /// Runs a view while frames arrive.
    fn view_under_load(&self, verb: &str, args: &[&str]) -> AgentOutput {
        let mut connection = self.connection.try_clone().unwrap();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        // Type definitions at the start of a stream may not be repeated.
        let frames =
            simulated_frames(self.frames + 500).split_off(simulated_frames(self.frames).len());
        let feeder = std::thread::spawn(move || {
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                if connection.write_all(&frames).is_err() {
                    break;
                }
            }
        });
        let output = self.view(verb, args);
        drop(stop);
        let _ = feeder.join();
        output
    }
}

#[test]
fn the_ledger_is_printed_as_a_table_or_as_json() {
    let agent = idle_agent(500);
    let table = agent.view("ledger", &["--strict"]);
    assert_eq!((table.code, table.stderr.as_str()), (Some(0), ""));
    assert!(
        table.stdout.starts_with("PIPELINE  STAGE"),
        "{}",
        table.stdout
    );
    assert!(
        table
            .stdout
            .contains("\nflows     receivers.monitor1_2      500  500"),
        "{}",
        table.stdout
    );
    assert!(
        table
            .stdout
            .ends_with("the ledger balances; unaccounted records: 0; in flight: 0\n"),
        "{}",
        table.stdout
    );
    let json: Value = serde_json::from_str(&agent.view("ledger", &["--json"]).stdout).unwrap();
    assert_eq!(json["stages"][0]["in"], 500);
    assert_eq!(json["connected"]["receivers.monitor1_2"], true);
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    let edges = json["edges"].as_array().unwrap();
    let edge = |stage: &str| edges.iter().find(|edge| edge["stage"] == stage).unwrap();
    assert_eq!(edge("exporters.nop")["when_full"], "drop_newest");
}

#[test]
fn top_prints_text_without_a_terminal() {
    let agent = idle_agent(500);
    for args in [&["--interval", "100ms"][..], &["--once"]] {
        let top = agent.view("top", args);
        assert_eq!((top.code, top.stderr.as_str()), (Some(0), ""));
        let version = format!("tidegate {} on ", env!("CARGO_PKG_VERSION"));
        assert!(top.stdout.starts_with(&version), "{}", top.stdout);
        for text in [
            &format!(" at {}, up ", agent.address),
            "ready, CPU ",
            ", memory ",
            "receivers.monitor1_2 connected",
            "IN/s",
            "processors.l34_flow",
            "QUEUE OF",
            "exporters.nop",
        ] {
            assert!(top.stdout.contains(text), "{text}: {}", top.stdout);
        }
        assert!(!top.stdout.contains('…'), "nothing is cut: {}", top.stdout);
        assert_eq!(top.stdout.matches("QUEUE OF").count(), 1, "one update");
    }
}

#[test]
fn a_tap_shows_matching_records_and_counts_the_rest() {
    let agent = idle_agent(500);
    let drops = [
        "l34_flow",
        "--filter",
        "verdict=DROPPED",
        "--count",
        "3",
        "--format",
        "json",
    ];
    let tap = agent.view_under_load("tap", &drops);
    assert_eq!(tap.code, Some(0), "{}", tap.stderr);
    let lines: Vec<Value> = tap
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines
            .iter()
            .all(|line| line["flow"]["verdict"] == "DROPPED"),
        "{}",
        tap.stdout
    );
    let summary = tap.stderr.lines().last().unwrap();
    assert!(
        summary.starts_with("shown 3 of ") && summary.ends_with(" in all"),
        "{summary}"
    );
    let frames = agent.view_under_load("tap", &["monitor1_2", "--count", "2"]);
    assert!(
        frames.stdout.lines().all(|line| line.contains(": frame ")),
        "{}",
        frames.stdout
    );
    let ledger = agent.view("ledger", &["--strict"]);
    assert_eq!(ledger.code, Some(0), "{}", ledger.stderr);
}

#[test]
fn an_invalid_tap_request_is_refused_with_a_suggestion() {
    let agent = idle_agent(10);
    let cases: [(&[&str], i32, &str); 4] = [
        (
            &["l34_flwo"],
            2,
            "error: there is no stage `l34_flwo`; did you mean `l34_flow`?\n",
        ),
        (
            &["l34_flow", "--pipeline", "p"],
            2,
            "error: the pipeline `p` has no `processors.l34_flow`\n",
        ),
        (
            &["l34_flow", "--filter", "port=x"],
            2,
            "error: invalid source port filter: invalid port \"x\": strconv.ParseUint: parsing \"x\": \
             invalid syntax\n",
        ),
        (
            &["l34_flow", "--filter", "prot=tcp"],
            2,
            "error: unknown flag: --prot; did you mean --protocol?\n",
        ),
    ];
    for (args, code, error) in cases {
        let output = agent.view("tap", args);
        assert_eq!((output.code, output.stderr.as_str()), (Some(code), error));
    }
}

#[test]
fn the_number_of_watchers_is_limited() {
    let agent = idle_agent(10);
    let watch = || {
        let mut stream = std::net::TcpStream::connect(&agent.address).unwrap();
        write!(
            stream,
            "GET /debug/tap?stage=l34_flow HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        .unwrap();
        let mut status = [0; 12];
        std::io::Read::read_exact(&mut stream, &mut status).unwrap();
        (stream, String::from_utf8_lossy(&status).into_owned())
    };
    let watchers: Vec<_> = (0..4).map(|_| watch()).collect();
    assert!(watchers.iter().all(|(_, status)| status == "HTTP/1.1 200"));
    let fifth = agent.view("tap", &["l34_flow"]);
    let error = "error: 4 watchers look at this agent already; try again when one has left\n";
    assert_eq!((fifth.code, fifth.stderr.as_str()), (Some(1), error));
    drop(watchers);
    eventually("another watcher is accepted", || {
        watch().1 == "HTTP/1.1 200"
    });
}

#[test]
fn an_unreachable_agent_is_reported_with_its_address() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    for (verb, args) in [
        ("ledger", &[][..]),
        ("top", &["--once"][..]),
        ("tap", &["l34_flow"][..]),
    ] {
        let output = tidegate(&[&[verb, "--address", &closed], args].concat());
        assert_eq!(output.code, Some(1), "{verb}");
        let start = format!("error: cannot connect to an agent at {closed}: is one running, ");
        assert!(
            output.stderr.starts_with(&start) && output.stderr.contains("--address HOST:PORT"),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn the_agent_address_can_come_from_the_configuration() {
    let agent = idle_agent(10);
    let text = std::fs::read_to_string(agent.dir.path("pipeline.toml")).unwrap();
    let named = agent
        .dir
        .write("named.toml", text.replace("127.0.0.1:0", &agent.address));
    let ledger = |config: &Path| tidegate(&["ledger".as_ref(), "-c".as_ref(), config.as_os_str()]);
    assert_eq!(ledger(&named).code, Some(0));
    let unnamed = ledger(&agent.dir.path("pipeline.toml"));
    assert!(
        unnamed.code == Some(2) && unnamed.stderr.contains("lets the system choose"),
        "{}",
        unnamed.stderr
    );
    assert_eq!(ledger(&agent.dir.path("missing.toml")).code, Some(78));
}
