//! Reloads of the configuration under load.

mod rules;
pub(crate) mod stream;

use std::path::Path;

use serde_json::Value;

use crate::support::{Agent, LedgerReport, TestDir, eventually, get, strict_run_args};
use stream::Stream;

/// A configuration that reads the socket of a stream, with the parts that tests change.
#[derive(Clone)]
struct Setup {
    metrics: &'static str,
    processors: &'static str,
    prometheus_listen: String,
    telemetry_listen: String,
    extra_tables: &'static str,
}

impl Setup {
    fn new() -> Self {
        Self {
            metrics: "\"flow\"",
            processors: "\"cilium_decode\", \"l34_flow\", \"hubble_metrics\"",
            prometheus_listen: "127.0.0.1:0".to_owned(),
            telemetry_listen: "127.0.0.1:0".to_owned(),
            extra_tables: "",
        }
    }

    fn text(&self, dir: &TestDir) -> String {
        let Self {
            metrics,
            processors,
            prometheus_listen,
            telemetry_listen,
            extra_tables,
        } = self;
        format!(
            "[receivers.monitor1_2]\nsocket = {:?}\n\
             queue = {{ records = 1000000, bytes = \"1GiB\" }}\n\
             [processors]\ncilium_decode = {{}}\nl34_flow = {{}}\n\
             hubble_metrics = {{ metrics = [{metrics}], interval = \"50ms\" }}\n\
             [exporters]\nprometheus = {{ listen = \"{prometheus_listen}\" }}\n\
             stdout = {{ format = \"json\" }}\n{extra_tables}\n\
             [service]\ntelemetry.listen = \"{telemetry_listen}\"\n\
             [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\nprocessors = [{processors}]\n\
             exporters = [\"prometheus\", \"stdout\"]\n",
            dir.path("monitor.sock")
        )
    }

    fn write(&self, dir: &TestDir) -> std::path::PathBuf {
        dir.write("pipeline.toml", self.text(dir))
    }
}

fn ledger(address: &str) -> Value {
    serde_json::from_str(&get(address, "/debug/ledger").1).unwrap()
}

fn stage<'l>(ledger: &'l Value, stage: &str) -> &'l Value {
    ledger["stages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["stage"] == stage)
        .unwrap()
}

/// The number of flows that the endpoint for Prometheus exposes.
fn flows(metrics: &str) -> u64 {
    let (_, body) = get(metrics, "/metrics");
    let samples = body
        .lines()
        .filter(|line| line.starts_with("hubble_flows_processed_total"));
    samples
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}

fn free_port() -> String {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

fn start(config: &Path, watch: bool, dir: &TestDir) -> Agent {
    let ledger_file = dir.path("ledger.json");
    let mut args = strict_run_args(config, &ledger_file);
    if watch {
        args.push("--watch".as_ref());
    }
    Agent::start(&args)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn reloads_under_load_lose_and_duplicate_no_record() {
    let dir = TestDir::new();
    let stream = Stream::listen(&dir.path("monitor.sock"));
    let mut setup = Setup::new();
    let mut agent = start(&setup.write(&dir), false, &dir);
    let stdout = agent.read_stdout();
    let telemetry = agent.telemetry_address();
    let mut metrics = agent.metrics_address();
    eventually("flows are counted", || flows(&metrics) > 100);
    let changes: [fn(&mut Setup); 6] = [
        |setup| setup.metrics = "\"flow\", \"drop\"",
        |setup| {
            setup.processors = "\"cilium_decode\", \"l34_flow\", \"dns_flow\", \"hubble_metrics\"";
            setup.extra_tables = "[processors.dns_flow]";
        },
        |setup| setup.metrics = "\"drop\", \"flow\"",
        |setup| setup.prometheus_listen = free_port(),
        |setup| {
            setup.processors = "\"cilium_decode\", \"l34_flow\", \"hubble_metrics\"";
            setup.extra_tables = "";
        },
        |setup| setup.prometheus_listen = free_port(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let before = flows(&metrics);
        change(&mut setup);
        setup.write(&dir);
        agent.send_signal("HUP");
        agent.wait_for_line("the configuration was reloaded");
        let listen = &setup.prometheus_listen;
        if listen != "127.0.0.1:0" && *listen != metrics {
            metrics.clone_from(listen);
            agent.find_line(&format!("address={metrics}"));
        }
        eventually("the counters continue", || flows(&metrics) > before);
        assert_eq!(ledger(&telemetry)["balanced"], true, "change {at}");
    }
    let (_, page) = get(&telemetry, "/metrics");
    assert!(
        page.contains("tidegate_config_reloads_total{outcome=\"applied\"} 6\n"),
        "{page}"
    );
    let sent = stream.end();
    eventually("everything is read", || {
        stage(&ledger(&telemetry), "receivers.monitor1_2")["in"] == sent
    });
    eventually("everything is counted", || {
        flows(&metrics) == stage(&ledger(&telemetry), "exporters.stdout")["absorbed"]
    });
    agent.send_signal("TERM");
    let output = agent.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let lines = stdout.join().unwrap();
    let ledger = LedgerReport::read(&dir.path("ledger.json")).unwrap();
    assert_eq!(
        ledger.count("exporters.stdout", "absorbed"),
        lines.lines().count() as u64
    );
    assert_eq!(ledger.drops(), []);
    assert_eq!(stream::missing_or_duplicate(&lines, sent), [0; 0]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn an_invalid_file_changes_nothing_and_is_reported() {
    let dir = TestDir::new();
    let stream = Stream::listen(&dir.path("monitor.sock"));
    let config = Setup::new().write(&dir);
    let mut agent = start(&config, false, &dir);
    let stdout = agent.read_stdout();
    let telemetry = agent.telemetry_address();
    let metrics = agent.metrics_address();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let cases = [
        (
            Setup {
                metrics: "\"flaw\"",
                ..Setup::new()
            },
            "did you mean 'flow'?",
        ),
        (
            Setup {
                prometheus_listen: taken.clone(),
                ..Setup::new()
            },
            "error: cannot listen on 127.0.0.1:",
        ),
        (
            Setup {
                telemetry_listen: taken,
                ..Setup::new()
            },
            "for telemetry (`service.telemetry.listen`): Address already in use",
        ),
    ];
    for (setup, error) in cases {
        setup.write(&dir);
        agent.send_signal("HUP");
        agent.wait_for_line(error);
        agent.wait_for_line("the configuration cannot be used; the running one stays in effect");
        let before = flows(&metrics);
        eventually("the running configuration stays in effect", || {
            flows(&metrics) > before
        });
    }
    std::fs::remove_file(&config).unwrap();
    agent.send_signal("HUP");
    agent.wait_for_line("No such file or directory");
    Setup::new().write(&dir);
    agent.send_signal("HUP");
    agent.wait_for_line("nothing changed");
    let ledger = ledger(&telemetry);
    let reloads = &ledger["reloads"];
    assert_eq!(
        (
            &reloads["refused"],
            &reloads["unchanged"],
            &reloads["applied"]
        ),
        (&4.into(), &1.into(), &0.into())
    );
    assert_eq!(
        (&reloads["last"]["outcome"], &reloads["last"]["hash"]),
        (&"unchanged".into(), &reloads["running"])
    );
    let sha256sum = std::process::Command::new("sha256sum")
        .arg(&config)
        .output()
        .unwrap();
    let expected = String::from_utf8(sha256sum.stdout).unwrap();
    assert_eq!(reloads["running"], expected[..16]);
    let (_, page) = get(&telemetry, "/metrics");
    assert!(
        page.contains(&format!(
            "tidegate_config_info{{hash=\"{}\"}} 1\n",
            &expected[..16]
        )),
        "{page}"
    );
    stream.end();
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    stdout.join().unwrap();
}

#[test]
fn a_reload_moves_the_telemetry_address() {
    let dir = TestDir::new();
    let _stream = Stream::listen(&dir.path("monitor.sock"));
    let mut agent = start(&Setup::new().write(&dir), false, &dir);
    let stdout = agent.read_stdout();
    let before = agent.telemetry_address();
    let telemetry = free_port();
    Setup {
        telemetry_listen: telemetry.clone(),
        ..Setup::new()
    }
    .write(&dir);
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration was reloaded");
    assert_eq!(ledger(&telemetry)["reloads"]["applied"], 1);
    assert!(
        std::net::TcpStream::connect(before).is_err(),
        "the old listener is closed"
    );
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    stdout.join().unwrap();
}

#[test]
fn a_watched_file_is_reloaded_after_any_kind_of_replacement() {
    let dir = TestDir::new();
    let _stream = Stream::listen(&dir.path("monitor.sock"));
    // The layout of a ConfigMap in Kubernetes: the file is a link into `..data`, which is a link to
    // a directory.
    let publish = |name: &str, metrics| {
        std::fs::create_dir(dir.path(name)).unwrap();
        dir.write(
            &format!("{name}/pipeline.toml"),
            Setup {
                metrics,
                ..Setup::new()
            }
            .text(&dir),
        );
        std::os::unix::fs::symlink(name, dir.path("..next")).unwrap();
        std::fs::rename(dir.path("..next"), dir.path("..data")).unwrap();
    };
    publish("..1", "\"flow\"");
    let config = dir.path("pipeline.toml");
    std::os::unix::fs::symlink("..data/pipeline.toml", &config).unwrap();
    let mut agent = start(&config, true, &dir);
    let stdout = agent.read_stdout();
    agent.telemetry_address();
    publish("..2", "\"flow\", \"drop\"");
    agent.wait_for_line("the configuration was reloaded");
    let new = dir.write(
        "new",
        Setup {
            metrics: "\"tcp\"",
            ..Setup::new()
        }
        .text(&dir),
    );
    std::fs::rename(new, &config).unwrap();
    agent.wait_for_line("the configuration was reloaded");
    dir.write("pipeline.toml", "nonsense");
    agent.wait_for_line("the configuration cannot be used");
    dir.write("pipeline.toml", Setup::new().text(&dir));
    agent.wait_for_line("the configuration was reloaded");
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    stdout.join().unwrap();
}
