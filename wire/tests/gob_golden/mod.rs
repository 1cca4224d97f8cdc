//! The vectors of `tests/golden`: bytes as hex, and their values as JSON.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the file without `.hex`, the bytes, and the values.
pub(crate) type Vector = (String, Vec<u8>, Value);

/// All vectors of a folder.
pub(crate) fn vectors(folder: &str) -> Vec<Vector> {
    let vectors: Vec<_> = hex_files(folder).iter().map(|path| vector(path)).collect();
    assert!(!vectors.is_empty(), "no vectors in {folder}");
    vectors
}

fn vector(path: &Path) -> Vector {
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let bytes = unhex(&fs::read_to_string(path).unwrap());
    let json = fs::read_to_string(path.with_extension("json")).unwrap();
    (name, bytes, serde_json::from_str(&json).unwrap())
}

/// The `.hex` files of a folder, in order.
pub(crate) fn hex_files(folder: &str) -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/golden")
        .join(folder);
    let mut files: Vec<_> = fs::read_dir(golden)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "hex"));
    files.sort();
    files
}

/// Bytes from hex, white space ignored.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap())
        .collect()
}
