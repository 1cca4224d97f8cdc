//! Writes the seeds of every target to its corpus.

use std::fs;
use std::io;
use std::path::Path;

use tidegate_fuzz::TARGETS;

/// The maximum length of a seed, since long inputs slow down fuzzing.
const MAX_LEN: usize = 4096;

fn main() -> io::Result<()> {
    for target in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target.name);
        fs::create_dir_all(&folder)?;
        let seeds = (target.seeds)();
        for (number, seed) in seeds
            .iter()
            .filter(|seed| seed.len() <= MAX_LEN)
            .enumerate()
        {
            fs::write(folder.join(format!("seed-{number:03}")), seed)?;
        }
    }
    Ok(())
}
