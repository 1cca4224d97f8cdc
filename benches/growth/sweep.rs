//! One quantity varied, all else the same.

use std::fmt::Write as _;

use crate::Result;
use crate::agent::median;

/// What a million events cost at one value of the quantity.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub(crate) x: f64,
    /// CPU-seconds.
    pub(crate) cpu: f64,
    /// Peak memory in MiB, of runs in a process of their own.
    pub(crate) mib: Option<f64>,
}

/// The points of one quantity.
pub(crate) struct Sweep {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<Point>,
}

impl Sweep {
    /// Measures each value once a round, so that a noisy neighbour does not hit one value alone.
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
            points: measured.iter().map(|points| middle(points)).collect(),
        })
    }
}

fn middle(points: &[Point]) -> Point {
    let of = |value: fn(&Point) -> Option<f64>| {
        let values: Vec<_> = points.iter().filter_map(value).collect();
        (!values.is_empty()).then(|| median(values.into_iter()))
    };
    let known = |value| of(value).unwrap_or_default();
    Point {
        x: known(|point| Some(point.x)),
        cpu: known(|point| Some(point.cpu)),
        mib: of(|point| point.mib),
    }
}

/// All points, one a line.
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
