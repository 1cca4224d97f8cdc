//! The filters of the arguments as Hubble's CLI prints them: YAML, with each filter as JSON.

use tidegate_filter::{Filters, FlowFilter};

/// The lists, as `--print-raw-filters` prints them.
pub(super) fn yaml(filters: &Filters) -> String {
    if filters.is_empty() {
        return "{}\n".to_owned();
    }
    let lists = [("allowlist", &filters.allow), ("denylist", &filters.deny)];
    let given = lists.into_iter().filter(|(_, list)| !list.is_empty());
    given.map(|(name, list)| yaml_list(name, list)).collect()
}

fn yaml_list(name: &str, filters: &[FlowFilter]) -> String {
    let items = filters.iter().map(|filter| {
        let quoted = filter.to_json().replace('\'', "''");
        format!("    - '{quoted}'\n")
    });
    format!("{name}:\n{}", items.collect::<String>())
}
