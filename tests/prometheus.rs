//! A real Prometheus server scrapes the agent, and `promtool` checks both metrics endpoints.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{Agent, TestDir, eventually, get};

/// Whether a program of Debian's `prometheus` package is installed, as it is in CI.
#[expect(clippy::print_stderr, reason = "a skipped test is reported")]
fn is_installed(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        eprintln!("skipped: {program} is not installed (Debian: apt-get install prometheus)");
    }
    found
}

/// An agent that counts the flows of a simulated Cilium agent for Prometheus.
struct ScrapedAgent {
    agent: Agent,
    _simulator: Agent,
    metrics: String,
    telemetry: String,
}

impl ScrapedAgent {
    fn start(dir: &TestDir) -> Self {
        let socket = dir.path("monitor.sock");
        let mut simulator = Agent::start(&[
            "simulate".as_ref(),
            "--listen".as_ref(),
            socket.as_os_str(),
            "--events".as_ref(),
            "2000".as_ref(),
            "--rate".as_ref(),
            "0".as_ref(),
        ]);
        simulator.wait_for_line("simulating a Cilium agent");
        let text = format!(
            "[receivers.monitor1_2]\nsocket = {socket:?}\nreconnect = {{ initial = \"1h\", max = \"1h\" }}\n\
             [processors]\ncilium_decode = {{}}\nl34_flow = {{}}\n\
             hubble_metrics = {{ metrics = [\"flow\", \"drop\", \"tcp\"] }}\n\
             [exporters.prometheus]\nlisten = \"127.0.0.1:0\"\n\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
             [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
             processors = [\"cilium_decode\", \"l34_flow\", \"hubble_metrics\"]\nexporters = [\"prometheus\"]\n"
        );
        let mut agent = Agent::run(&dir.write("pipeline.toml", text));
        let telemetry = agent.telemetry_address();
        let metrics = agent.metrics_address();
        let scraped = Self {
            agent,
            _simulator: simulator,
            metrics,
            telemetry,
        };
        eventually("the flows are counted", || scraped.flows() > 1500.0);
        scraped
    }

    /// The number of flows that the endpoint exposes now.
    fn flows(&self) -> f64 {
        let (_, body) = get(&self.metrics, "/metrics");
        let samples = body
            .lines()
            .filter(|line| line.starts_with("hubble_flows_processed_total"));
        samples
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }
}

#[test]
fn prometheus_scrapes_the_flows_and_answers_a_query() {
    if !is_installed("prometheus") {
        return;
    }
    let dir = TestDir::new();
    let scraped = ScrapedAgent::start(&dir);
    let config = dir.write(
        "prometheus.yml",
        format!(
            "global: {{ scrape_interval: 200ms }}\nscrape_configs:\n- job_name: tidegate\n  static_configs:\n  - targets: ['{}']\n",
            scraped.metrics
        ),
    );
    let prometheus = Prometheus::start(&dir, &config);
    // The last points may arrive between a scrape and a query.
    eventually("Prometheus has the value of the endpoint", || {
        prometheus.query("sum(hubble_flows_processed_total)") == Some(scraped.flows())
    });
    assert_eq!(prometheus.query("up{job=\"tidegate\"}"), Some(1.0));
    scraped.agent.send_signal("TERM");
    assert_eq!(scraped.agent.wait().code, Some(0));
}

#[test]
fn promtool_accepts_both_endpoints() {
    if !is_installed("promtool") {
        return;
    }
    let dir = TestDir::new();
    let scraped = ScrapedAgent::start(&dir);
    for address in [&scraped.metrics, &scraped.telemetry] {
        let (_, body) = get(address, "/metrics");
        let mut promtool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        promtool
            .stdin
            .take()
            .unwrap()
            .write_all(body.as_bytes())
            .unwrap();
        let output = promtool.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!stderr.contains("error while linting"), "{stderr}");
        let findings: Vec<_> = stderr.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(findings, [""; 0], "{address}");
    }
}

/// A Prometheus server with an empty database, killed on drop.
struct Prometheus {
    child: Child,
    address: String,
}

impl Prometheus {
    fn start(dir: &TestDir, config: &std::path::Path) -> Self {
        let mut child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                dir.path("tsdb").display()
            ))
            .args(["--web.listen-address=127.0.0.1:0", "--log.level=info"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(listen_address)
            .expect("Prometheus logs its address");
        // The server would block once its log pipe is full.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, address }
    }

    /// The value of the first series of a query's result.
    fn query(&self, query: &str) -> Option<f64> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let (status, body) = get(&self.address, &format!("/api/v1/query?query={encoded}"));
        let answer: Value = serde_json::from_str(&body).ok().filter(|_| status == 200)?;
        answer["data"]["result"][0]["value"][1]
            .as_str()?
            .parse()
            .ok()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Both fail if it has exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the log line `msg="Listening on" address=...`.
fn listen_address(line: String) -> Option<String> {
    let after = line.split_once("Listening on\" address=")?.1;
    after.split(' ').next().map(str::to_owned)
}
