//! How cost grows: CPU time per million events over the event rate, the number of metric series,
//! pipelines and exporters, and the batch size. Writes `docs/growth.csv` and `docs/growth.svg`, which
//! `docs/growth.md` explains.
//!
//! `cargo bench --bench growth`, or with options: `-- --events 500000 --rounds 3`. The points of a
//! sweep are interleaved, and each is the median of its rounds. `-- --only series` prints the
//! sweeps whose names start with that text, and writes no file. Not a test: it asserts no time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

#[path = "../agent/mod.rs"]
mod agent;
mod batches;
#[path = "../in_process.rs"]
mod in_process;
mod live;
mod plot;
mod series;
mod sweep;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use agent::plan::{Component, FLOWS, METRICS, Plan, replay};
use sweep::{Point, Sweep};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Events per second sent to the agent; 0 is without a limit.
const RATES: &[usize] = &[5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 0];
/// The duration of each rate.
const SECONDS: usize = 4;
const SERIES: &[usize] = &[1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
const COPIES: &[usize] = &[1, 2, 4, 8];
const BATCHES: &[usize] = &[1, 4, 16, 64, 256, 1024, 4096, 16_384];

/// L3/L4 flows, and a series for each source address.
const BY_ADDRESS: [Component<'_>; 3] = [FLOWS[0], FLOWS[1], ("hubble_metrics", series::METRICS)];
const NOP: Component<'_> = ("nop", "");

fn main() -> Result<()> {
    let Some(args) = agent::arguments()? else {
        return Ok(());
    };
    let events = agent::number(&args, "--events", 500_000)?;
    let rounds = agent::number(&args, "--rounds", 3)?;
    let folder = tempfile::tempdir()?;
    let bench = Bench {
        folder: folder.path(),
        events,
    };
    let only = args
        .iter()
        .position(|arg| arg == "--only")
        .and_then(|at| args.get(at + 1));
    let mut sweeps = Vec::new();
    for (name, values, measure) in SWEEPS {
        if only.is_none_or(|only| name.starts_with(only)) {
            sweeps.push(Sweep::measure(name, values, rounds, |value| {
                measure(&bench, value)
            })?);
        }
    }
    println!("{}", sweep::csv(&sweeps));
    if only.is_none() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        fs::write(docs.join("growth.csv"), sweep::csv(&sweeps))?;
        plot::draw(&docs.join("growth.svg"), &sweeps)?;
    }
    Ok(())
}

/// The name of a sweep, its values, and the measurement of a value.
type SweepSpec = (
    &'static str,
    &'static [usize],
    fn(&Bench<'_>, usize) -> Result<Point>,
);

const SWEEPS: &[SweepSpec] = &[
    ("rate", RATES, |bench, rate| bench.rate(rate)),
    ("series", SERIES, |bench, series| bench.series(series)),
    ("series, known before", SERIES, |bench, series| {
        bench.known_series(series)
    }),
    ("scrape", SERIES, |bench, series| bench.scrape(series)),
    ("pipelines", COPIES, |bench, pipelines| {
        bench.pipelines(pipelines)
    }),
    ("exporters, nop", COPIES, |bench, n| {
        bench.exporters(n, "nop", "")
    }),
    ("exporters, stdout", COPIES, |bench, n| {
        bench.exporters(n, "stdout", "format = \"compact\"")
    }),
    ("batch", BATCHES, |bench, records| bench.batches(records)),
];

struct Bench<'a> {
    folder: &'a Path,
    events: usize,
}

impl Bench<'_> {
    /// Hubble metrics at a rate of events, or at the highest rate that the agent reaches.
    fn rate(&self, rate: usize) -> Result<Point> {
        let events = if rate == 0 {
            self.events
        } else {
            SECONDS * rate
        };
        let recording = self.recording(events)?;
        let plan = Plan::simple(replay(&recording, rate), &metrics(), NOP);
        let start = Instant::now();
        let point = self.run(&plan, events, rate)?;
        let reached = events as f64 / start.elapsed().as_secs_f64();
        Ok(if rate == 0 {
            Point {
                x: reached,
                ..point
            }
        } else {
            point
        })
    }

    /// A counter for each of `series` source addresses.
    fn series(&self, series: usize) -> Result<Point> {
        self.run(
            &Plan::simple(
                self.replay_series(self.events * 4, series)?,
                &BY_ADDRESS,
                NOP,
            ),
            self.events * 4,
            series,
        )
    }

    /// The cost of events whose series exist: the difference between a short run and one that is
    /// longer by these events.
    fn known_series(&self, series: usize) -> Result<Point> {
        let run = |events| {
            let plan = Plan::simple(self.replay_series(events, series)?, &BY_ADDRESS, NOP);
            agent::run(&plan.write(self.folder, "pipeline")?)
        };
        let short = run(2 * series)?;
        let long = run(2 * series + self.events * 4)?;
        let cpu = (long.cpu_seconds - short.cpu_seconds) * 1e6 / (self.events * 4) as f64;
        Ok(Point {
            x: series as f64,
            cpu,
            mib: Some(long.peak_mib),
        })
    }

    /// The cost of a scrape per million series, and the memory of the agent after it.
    fn scrape(&self, series: usize) -> Result<Point> {
        let recording = self.folder.join("series");
        series::record(&recording, 2 * series, series)?;
        let address = live::free_address()?;
        let settings = format!("listen = \"{address}\"");
        let exporter = ("prometheus", settings.as_str());
        let config = Plan::simple(replay(Path::new("-"), 0), &BY_ADDRESS, exporter)
            .write(self.folder, "live")?;
        let agent = live::LiveAgent::start(&config, &recording)?;
        let before = agent.mib("VmRSS")?;
        let scrape = agent.scrape(address)?;
        let after = agent.mib("VmRSS")?;
        println!(
            "{series} series: {before:.0} MiB, {after:.0} after a scrape of {} bytes",
            scrape.bytes
        );
        agent.end()?;
        Ok(Point {
            x: series as f64,
            cpu: scrape.cpu_seconds * 1e6 / series as f64,
            mib: Some(after),
        })
    }

    /// The receiver of a recording of events from `series` addresses in turn.
    fn replay_series(&self, events: usize, series: usize) -> Result<(&'static str, String)> {
        let recording = self.folder.join("series");
        series::record(&recording, events, series)?;
        Ok(replay(&recording, 0))
    }

    /// A number of pipelines with Hubble metrics behind one receiver.
    fn pipelines(&self, pipelines: usize) -> Result<Point> {
        let recording = self.recording(self.events)?;
        self.run(
            &Plan {
                pipelines,
                ..Plan::simple(replay(&recording, 0), &metrics(), NOP)
            },
            self.events,
            pipelines,
        )
    }

    /// A number of exporters behind one pipeline of flows.
    fn exporters(&self, exporters: usize, kind: &str, settings: &str) -> Result<Point> {
        let recording = self.recording(self.events)?;
        let ids: Vec<_> = (0..exporters)
            .map(|number| format!("{kind}/{number}"))
            .collect();
        let exporters = ids.iter().map(|id| (id.as_str(), settings)).collect();
        self.run(
            &Plan {
                exporters,
                ..Plan::simple(replay(&recording, 0), FLOWS, NOP)
            },
            self.events,
            ids.len(),
        )
    }

    /// Batches of `records` records through flows and metrics in this process.
    fn batches(&self, records: usize) -> Result<Point> {
        let recording = self.recording(self.events)?;
        let cpu_seconds = batches::run(&recording, records, &metrics())?;
        Ok(Point {
            x: records as f64,
            cpu: cpu_seconds * 1e6 / self.events as f64,
            mib: None,
        })
    }

    fn run(&self, plan: &Plan<'_>, events: usize, x: usize) -> Result<Point> {
        let cost = agent::run(&plan.write(self.folder, "pipeline")?)?;
        Ok(Point {
            x: x as f64,
            cpu: cost.cpu_seconds * 1e6 / events as f64,
            mib: Some(cost.peak_mib),
        })
    }

    /// A recording of the default mix, made on first use.
    fn recording(&self, events: usize) -> Result<PathBuf> {
        let path = self.folder.join(format!("events-{events}"));
        if !path.exists() {
            agent::record(&path, events)?;
        }
        Ok(path)
    }
}

fn metrics() -> Vec<Component<'static>> {
    FLOWS.iter().copied().chain([METRICS]).collect()
}
