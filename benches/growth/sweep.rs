//! Measurements over one varied quantity.

use std::fmt::Write as _;

use crate::Result;
use crate::agent::median;

/// The cost of a million events at one value of the quantity.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub(crate) x: f64,
    /// CPU-seconds.
    pub(crate) cpu: f64,
    /// Peak memory in MiB; `None` for runs in this process.
    pub(crate) mib: Option<f64>,
}

/// The points of one quantity.
pub(crate) struct Sweep {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<Point>,
}

impl Sweep {
    /// Measures each value once per round, so that interference does not affect one value alone.
    pub(crate) fn measure(
        name: &'static str,
        values: &[usize],
        rounds: usize,
        measure: impl Fn(usize) -> Result<Point>,
    ) -> Result<Self> {
        let mut measured: Vec<Vec<Point>> = vec![Vec::new(); values.len()];
        for _ in 0..rounds {
            for (value, points) in values.iter().zip(&mut measured) {
                points.push(measure(*value)?);
            }
        }
        Ok(Self {
            name,
            points: measured.iter().map(|points| median_point(points)).collect(),
        })
    }
}

fn median_point(points: &[Point]) -> Point {
    let median_of = |value: fn(&Point) -> Option<f64>| {
        let values: Vec<_> = points.iter().filter_map(value).collect();
        (!values.is_empty()).then(|| median(values.into_iter()))
    };
    let required = |value| median_of(value).unwrap_or_default();
    Point {
        x: required(|point| Some(point.x)),
        cpu: required(|point| Some(point.cpu)),
        mib: median_of(|point| point.mib),
    }
}

/// All points as CSV.
pub(crate) fn csv(sweeps: &[Sweep]) -> String {
    let mut csv = "sweep,value,cpu_seconds_per_million_events,peak_mib\n".to_owned();
    for sweep in sweeps {
        for Point { x, cpu, mib } in &sweep.points {
            let mib = mib.map(|mib| format!("{mib:.0}")).unwrap_or_default();
            let _ = writeln!(csv, "\"{}\",{x:.0},{cpu:.3},{mib}", sweep.name);
        }
    }
    csv
}
