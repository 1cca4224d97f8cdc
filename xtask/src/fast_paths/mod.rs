//! `cargo xtask fast-paths [NAME...]`: what each fast path is worth.
//!
//! Copies the sources to `target/fast-paths`, measures them there as they are, and again without one
//! fast path at a time: [`ablations`] lists the edits that take one out. So the code that ships
//! needs no switches. Prints the tables of `docs/fast-paths.md`.

mod ablations;
mod bench;
mod sources;

use ablations::{ABLATIONS, Ablation, Measured};
use bench::{Bench, EXPORTS, FIGURES, HOT_PATH};
use sources::Sources;

/// Where the copy of the sources and its build go.
const FOLDER: &str = "target/fast-paths";

pub(crate) fn run() -> Result<(), String> {
    let names: Vec<String> = std::env::args().skip(2).collect();
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let known = || ABLATIONS.iter().map(|ablation| ablation.name);
    if let Some(unknown) = names
        .iter()
        .find(|name| !known().any(|known| known == *name))
    {
        let known: Vec<_> = known().collect();
        return Err(format!(
            "no fast path is called `{unknown}`; there are {}",
            known.join(", ")
        ));
    }
    let sources = Sources::copy()?;
    for (bench, measured) in [
        (HOT_PATH, Measured::Processors),
        (EXPORTS, Measured::Exporter),
        (FIGURES, Measured::Agent),
    ] {
        let wanted = ABLATIONS
            .iter()
            .filter(|one| is_wanted(one.name) && one.measured == measured);
        table(&sources, &bench, &wanted.collect::<Vec<_>>())?;
    }
    Ok(())
}

fn table(sources: &Sources, bench: &Bench, ablations: &[&Ablation]) -> Result<(), String> {
    if ablations.is_empty() {
        return Ok(());
    }
    // One for each ablation, or one for all.
    let mut baselines = Vec::new();
    for ablation in ablations {
        if bench.selects || baselines.is_empty() {
            baselines.push(bench.run(sources, ablation.row)?);
        }
    }
    let [decisive, other] = bench.units;
    println!(
        "| part | of | {decisive} with | without | gain | {other} with | without | held to the general path by |"
    );
    println!("| --- | --- | --: | --: | --: | --: | --: | --- |");
    for (number, ablation) in ablations.iter().enumerate() {
        let baseline = baselines.get(number).unwrap_or(&baselines[0]);
        sources.apply(ablation.edits)?;
        let ablated = bench.run(sources, ablation.row);
        sources.restore(ablation.edits)?;
        let costs = |rows: &[bench::Row]| bench::costs(rows, ablation.row, ablation.base);
        let [with, other_with] = costs(baseline);
        let [without, other_without] = costs(&ablated?);
        let gain = 100.0 * (1.0 - with / without);
        // Instructions are whole, seconds are not.
        let digits = if with < 10.0 { 2 } else { 0 };
        println!(
            "| {} | {} | {with:.digits$} | {without:.digits$} | {gain:.1} % | {other_with:.0} | {other_without:.0} | {} |",
            ablation.title, ablation.row, ablation.property
        );
    }
    println!();
    Ok(())
}
