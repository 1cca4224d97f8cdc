//! Runs every target on its corpus, its seeds, and thousands of mutations of them, which are the same
//! in every run. Part of the default tests; needs no libFuzzer.

mod mutate;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use libtest_mimic::{Arguments, Failed, Trial};
use tidegate_fuzz::{TARGETS, Target, seeds};

/// Mutated inputs for each target.
const MUTATIONS: usize = 4000;

fn main() {
    let mut arguments = Arguments::from_args();
    // Allocations are counted for the whole process.
    arguments.test_threads = Some(1);
    let trials = TARGETS
        .iter()
        .map(|target| Trial::test(target.name, || replay(target)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn replay(target: &Target) -> Result<(), Failed> {
    let mut inputs = corpus(target);
    inputs.extend((target.seeds)());
    if inputs.is_empty() {
        return Err("no corpus and no seeds".into());
    }
    inputs.iter().try_for_each(|input| run(target, input))?;
    let mut rng = Rng::with_seed(1);
    (0..MUTATIONS).try_for_each(|_| run(target, &mutate::mutate(&inputs, &mut rng)))
}

/// The files of the target's corpus, sorted by name.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = seeds::root().join("tests/fuzz/corpus").join(target.name);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .collect()
}

fn run(target: &Target, input: &[u8]) -> Result<(), Failed> {
    let bytes = || {
        input
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    catch_unwind(AssertUnwindSafe(|| (target.run)(input)))
        .map_err(|_| format!("{} failed for {}", target.name, bytes()).into())
}
