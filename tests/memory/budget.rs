//! The table of `docs/memory.md`.

use std::path::Path;

/// The cells of its rows.
pub(super) struct Table(Vec<Vec<String>>);

impl Table {
    pub(super) fn read() -> Self {
        let page = std::fs::read_to_string(in_repository("docs/memory.md")).unwrap();
        let rows = page
            .lines()
            .skip_while(|line| !line.starts_with("| part |"));
        let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
        let cells = |row: &str| row.split('|').map(|cell| cell.trim().to_owned()).collect();
        Self(rows.map(cells).collect())
    }

    /// The MiB of a part as shipped, without the number of entries that they are for.
    pub(super) fn shipped(&self, part: &str) -> Option<&str> {
        let row = self
            .0
            .iter()
            .find(|row| row[1].trim_matches('*') == part.trim_matches('*'))?;
        let mib = row.get(4)?.trim_matches('*');
        Some(mib.split(',').next().unwrap_or(mib))
    }

    /// The MiB of the whole as shipped, and of all options.
    pub(super) fn with_options(&self) -> f64 {
        let number = |cell: &String| cell.split(',').next()?.parse::<f64>().ok();
        let options: f64 = self.0.iter().filter_map(|row| number(&row[5])).sum();
        let shipped = self.shipped("all").and_then(|mib| mib.parse::<f64>().ok());
        shipped.unwrap_or(f64::INFINITY) + options
    }

    /// The rows without tests, and the tests that do not exist.
    pub(super) fn missing_tests(&self) -> Vec<&str> {
        let of_row = |row: &'_ Vec<String>| {
            let named: Vec<_> = row[6].split('`').collect();
            let mut file = String::new();
            let is_missing = named.iter().skip(1).step_by(2).any(|name| {
                if name.ends_with(".rs") {
                    file = std::fs::read_to_string(in_repository(name)).unwrap_or_default();
                    return file.is_empty();
                }
                !file.contains(&format!("fn {name}()"))
            });
            is_missing || named.len() < 5
        };
        let missing = self.0.iter().filter(|row| of_row(row));
        missing.map(|row| row[6].as_str()).collect()
    }
}

fn in_repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
