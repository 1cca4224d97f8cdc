//! Draws the sweeps as panels of one SVG file.

use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Result;
use crate::sweep::{Point, Sweep};

/// The value of a point that a panel shows.
type Value = fn(&Point) -> Option<f64>;

struct Panel<'a> {
    title: &'static str,
    x: &'static str,
    /// Whether the x axis is logarithmic.
    is_logarithmic: bool,
    value: Value,
    /// The prefix of the names of its sweeps.
    sweeps: &'a str,
}

const CPU: Value = |point| Some(point.cpu);
const MEMORY: Value = |point| point.mib;
const COLOURS: [RGBColor; 2] = [RGBColor(0x1f, 0x77, 0xb4), RGBColor(0xd6, 0x5f, 0x0e)];

const PANELS: [Panel<'static>; 8] = [
    Panel {
        title: "Event rate",
        x: "events per second",
        is_logarithmic: true,
        value: CPU,
        sweeps: "rate",
    },
    Panel {
        title: "Batch size",
        x: "records in a batch",
        is_logarithmic: true,
        value: CPU,
        sweeps: "batch",
    },
    Panel {
        title: "Metric series",
        x: "series",
        is_logarithmic: true,
        value: CPU,
        sweeps: "series",
    },
    Panel {
        title: "Metric series: peak memory, MiB",
        x: "series",
        is_logarithmic: true,
        value: MEMORY,
        sweeps: "series",
    },
    Panel {
        title: "Scrape, per million series",
        x: "series",
        is_logarithmic: true,
        value: CPU,
        sweeps: "scrape",
    },
    Panel {
        title: "Scrape: memory after it, MiB",
        x: "series",
        is_logarithmic: true,
        value: MEMORY,
        sweeps: "scrape",
    },
    Panel {
        title: "Pipelines",
        x: "pipelines",
        is_logarithmic: false,
        value: CPU,
        sweeps: "pipelines",
    },
    Panel {
        title: "Exporters",
        x: "exporters",
        is_logarithmic: false,
        value: CPU,
        sweeps: "exporters",
    },
];

/// Draws every panel.
pub(crate) fn draw(path: &Path, sweeps: &[Sweep]) -> Result<()> {
    let area = SVGBackend::new(path, (1000, 1330)).into_drawing_area();
    area.fill(&WHITE)?;
    let area = area.titled("CPU-seconds per million events", ("sans-serif", 22))?;
    for (panel, area) in PANELS.iter().zip(area.split_evenly((4, 2))) {
        let shown: Vec<_> = sweeps
            .iter()
            .filter(|sweep| sweep.name.starts_with(panel.sweeps))
            .collect();
        panel.draw(&area, &shown)?;
    }
    Ok(area.present()?)
}

impl Panel<'_> {
    fn draw(&self, area: &DrawingArea<SVGBackend<'_>, Shift>, sweeps: &[&Sweep]) -> Result<()> {
        let lines: Vec<_> = sweeps
            .iter()
            .map(|sweep| (sweep.name, self.line(sweep)))
            .collect();
        let all: Vec<_> = lines.iter().flat_map(|(_, line)| line).copied().collect();
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(50)
            .build_cartesian_2d(
                self.x_range(&all),
                0.0..1.1 * max(all.iter().map(|(_, y)| *y)),
            )?;
        chart
            .configure_mesh()
            .x_desc(self.x)
            .x_label_formatter(&|x| self.x_label(*x))
            .max_light_lines(0)
            .draw()?;
        for ((name, line), colour) in lines.iter().zip(COLOURS) {
            let drawn = chart.draw_series(
                LineSeries::new(line.iter().copied(), colour.stroke_width(2)).point_size(3),
            )?;
            if lines.len() > 1 {
                drawn.label(*name).legend(move |(x, y)| {
                    Rectangle::new([(x, y - 2), (x + 12, y + 2)], colour.filled())
                });
            }
        }
        if lines.len() > 1 {
            let mut legend = chart.configure_series_labels();
            legend
                .position(SeriesLabelPosition::UpperLeft)
                .border_style(BLACK.mix(0.3))
                .draw()?;
        }
        Ok(())
    }

    fn line(&self, sweep: &Sweep) -> Vec<(f64, f64)> {
        let scale = |x: f64| if self.is_logarithmic { x.log10() } else { x };
        let points = sweep
            .points
            .iter()
            .filter_map(|point| Some((scale(point.x), (self.value)(point)?)));
        let mut line: Vec<_> = points.collect();
        // On a busy machine the highest rate reached may be lower than one that was offered.
        line.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        line
    }

    fn x_range(&self, points: &[(f64, f64)]) -> Range<f64> {
        let least = points.iter().map(|(x, _)| *x).fold(f64::INFINITY, f64::min);
        (if self.is_logarithmic { least } else { 0.0 })..max(points.iter().map(|(x, _)| *x))
    }

    fn x_label(&self, x: f64) -> String {
        let x = if self.is_logarithmic {
            10f64.powf(x)
        } else {
            x
        };
        match x {
            1e6.. => format!("{:.1} M", x / 1e6),
            1e3.. => format!("{:.0} k", x / 1e3),
            _ => format!("{x:.0}"),
        }
    }
}

fn max(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::MIN_POSITIVE, f64::max)
}
