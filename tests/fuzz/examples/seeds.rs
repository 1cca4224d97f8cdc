//! Writes the seeds of every target into its corpus.

use std::fs;
use std::io;
use std::path::Path;

use tidegate_fuzz::TARGETS;

/// Longer inputs make a slow corpus.
const LONGEST: usize = 4096;

fn main() -> io::Result<()> {
    for target in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target.name);
        fs::create_dir_all(&folder)?;
        let seeds = (target.seeds)();
        for (number, seed) in seeds
            .iter()
            .filter(|seed| seed.len() <= LONGEST)
            .enumerate()
        {
            fs::write(folder.join(format!("seed-{number:03}")), seed)?;
        }
    }
    Ok(())
}
