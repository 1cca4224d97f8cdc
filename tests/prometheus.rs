//! A real Prometheus scrapes the agent and answers a query; `promtool` reads what both endpoints
//! expose.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{Agent, Place, eventually, get};

/// Debian's Prometheus, as CI installs it.
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests should know what was not run"
)]
fn installed(program: &str) -> bool {
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
struct Scraped {
    agent: Agent,
    _stand_in: Agent,
    metrics: String,
    telemetry: String,
}

impl Scraped {
    fn start(place: &Place) -> Self {
        let socket = place.path("monitor.sock");
        let mut stand_in = Agent::start(&[
            "simulate".as_ref(),
            "--listen".as_ref(),
            socket.as_os_str(),
            "--events".as_ref(),
            "2000".as_ref(),
            "--rate".as_ref(),
            "0".as_ref(),
        ]);
        stand_in.says("simulating a Cilium agent");
        let text = format!(
            "[receivers.monitor1_2]\nsocket = {socket:?}\nreconnect = {{ initial = \"1h\", max = \"1h\" }}\n\
             [processors]\ncilium_decode = {{}}\nl34_flow = {{}}\n\
             hubble_metrics = {{ metrics = [\"flow\", \"drop\", \"tcp\"] }}\n\
             [exporters.prometheus]\nlisten = \"127.0.0.1:0\"\n\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
             [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
             processors = [\"cilium_decode\", \"l34_flow\", \"hubble_metrics\"]\nexporters = [\"prometheus\"]\n"
        );
        let mut agent = Agent::run(&place.write("pipeline.toml", text));
        let telemetry = agent.address();
        let line = agent.has_said("serving metrics");
        let metrics = line
            .split("address=")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .to_owned();
        let scraped = Self {
            agent,
            _stand_in: stand_in,
            metrics,
            telemetry,
        };
        eventually("the flows are counted", || scraped.flows() > 1500.0);
        scraped
    }

    /// The flows that the endpoint shows now.
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
    if !installed("prometheus") {
        return;
    }
    let place = Place::new();
    let scraped = Scraped::start(&place);
    let config = place.write(
        "prometheus.yml",
        format!(
            "global: {{ scrape_interval: 200ms }}\nscrape_configs:\n- job_name: tidegate\n  static_configs:\n  - targets: ['{}']\n",
            scraped.metrics
        ),
    );
    let prometheus = Prometheus::start(&place, &config);
    // The last points may come between a scrape and a look, but they come.
    eventually("Prometheus has what the endpoint has", || {
        prometheus.query("sum(hubble_flows_processed_total)") == Some(scraped.flows())
    });
    assert_eq!(prometheus.query("up{job=\"tidegate\"}"), Some(1.0));
    scraped.agent.signal("TERM");
    assert_eq!(scraped.agent.ended().code, Some(0));
}

#[test]
fn promtool_accepts_what_both_endpoints_expose() {
    if !installed("promtool") {
        return;
    }
    let place = Place::new();
    let scraped = Scraped::start(&place);
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
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("error while linting"), "{said}");
        let complaints: Vec<_> = said.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(complaints, [""; 0], "{address}");
    }
}

/// A Prometheus server with data of its own. It is killed if it is dropped.
struct Prometheus {
    child: Child,
    address: String,
}

impl Prometheus {
    fn start(place: &Place, config: &std::path::Path) -> Self {
        let mut child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                place.path("tsdb").display()
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
            .find_map(listening)
            .expect("it tells its address");
        // Whoever logs to a pipe that nobody reads stands still when it is full.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, address }
    }

    /// The value of the one series that a query gives.
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
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the line in which Prometheus tells it: `msg="Listening on" address=...`.
fn listening(line: String) -> Option<String> {
    let after = line.split_once("Listening on\" address=")?.1;
    after.split(' ').next().map(str::to_owned)
}
