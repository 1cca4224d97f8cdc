//! Runs a benchmark of the project and reads its table.

use std::process::{Command, Stdio};

use super::{FOLDER, Sources};

/// A benchmark whose rows begin with a name and two numbers.
pub(super) struct Bench {
    /// The arguments of `cargo bench`.
    arguments: &'static [&'static str],
    /// What its two numbers are, with the one that decides first.
    pub(super) units: [&'static str; 2],
    /// Whether the number that decides is the second one of a row.
    decides_second: bool,
    /// Whether `--only` selects a row. Each takes long, so no others are measured then.
    pub(super) selects: bool,
}

/// Instructions of an event up to each stage.
pub(super) const HOT_PATH: Bench = Bench {
    arguments: &["-p", "tidegate-processors", "--bench", "hot_path"],
    units: ["instructions", "ns"],
    decides_second: true,
    selects: false,
};

/// Instructions of an event in an exporter.
pub(super) const EXPORTS: Bench = Bench {
    arguments: &["-p", "tidegate-exporters", "--bench", "hot_path", "--"],
    units: ["instructions", "ns"],
    decides_second: true,
    selects: true,
};

/// CPU time of the agent for a million events.
pub(super) const FIGURES: Bench = Bench {
    arguments: &["--bench", "figures", "--"],
    units: ["CPU-s", "peak MiB"],
    decides_second: false,
    selects: true,
};

/// A row of the table.
pub(super) struct Row {
    name: String,
    costs: Costs,
}

/// The two numbers of a row, in the order of [`Bench::units`].
pub(super) type Costs = [f64; 2];

impl Bench {
    /// Builds the benchmark from the copied sources and runs it, for at least the given row.
    pub(super) fn run(&self, sources: &Sources, row: &str) -> Result<Vec<Row>, String> {
        let folder = std::env::current_dir().map_err(|error| error.to_string())?;
        let output = Command::new("cargo")
            .args(["bench", "--locked", "--quiet"])
            .args(self.arguments)
            .args(["--only", row].iter().filter(|_| self.selects))
            .env("CARGO_TARGET_DIR", folder.join(FOLDER).join("build"))
            .current_dir(sources.folder())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("cannot run cargo: {error}"))?;
        let table = String::from_utf8_lossy(&output.stdout);
        let rows: Vec<_> = table.lines().filter_map(|line| self.row(line)).collect();
        if !output.status.success() || rows.is_empty() {
            return Err(format!(
                "the benchmark failed, or valgrind is missing:\n{table}"
            ));
        }
        Ok(rows)
    }

    fn row(&self, line: &str) -> Option<Row> {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let name = cells.next()?.trim_matches('`').to_owned();
        let mut costs = [cells.next()?.parse().ok()?, cells.next()?.parse().ok()?];
        if self.decides_second {
            costs.reverse();
        }
        Some(Row { name, costs })
    }
}

/// Returns the costs in a row, less those in the row `base`; not a number if a row is missing.
pub(super) fn costs(rows: &[Row], name: &str, base: Option<&str>) -> Costs {
    let find = |name: &str| {
        let row = rows.iter().find(|row| row.name == name);
        row.map_or([f64::NAN; 2], |row| row.costs)
    };
    let [decisive, other] = find(name);
    let [decisive_base, other_base] = base.map_or([0.0; 2], find);
    [decisive - decisive_base, other - other_base]
}
