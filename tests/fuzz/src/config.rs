//! A configuration file of arbitrary text: parsed, checked and built, with its errors rendered, as
//! `tidegate validate` does.

use std::fs;

#[expect(
    dead_code,
    unused_imports,
    reason = "only the agent's commands use the rest"
)]
#[path = "../../../agent/config/mod.rs"]
mod agent;

use agent::{Problems, Registry, Source, load};
use tidegate_runtime::telemetry::Telemetry;

use super::memory::Bound;
use super::seeds;

/// Each error is rendered with the lines around it.
const BOUND: Bound = Bound {
    each: 16 * 1024,
    base: 1 << 20,
};

/// Loads a configuration.
///
/// # Panics
/// If too much is allocated, or if a text is refused without an error.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let source = Source {
        name: "pipeline.toml".to_owned(),
        text: text.to_owned(),
    };
    BOUND.holds(data.len(), || {
        let mut problems = Problems::default();
        let registry = &Registry::BUILT_IN;
        let telemetry = Telemetry::default();
        let loaded = load(
            &source,
            registry,
            &environment,
            telemetry,
            &mut problems,
            |_| {},
        );
        let count = problems.errors();
        let rendered = problems.clone().render(&source, false);
        assert_eq!(loaded.is_none(), count > 0);
        assert_eq!(count > 0, rendered.contains(&format!(": {count} error")));
        assert!(problems.render(&source, true).len() >= rendered.len());
    });
}

fn environment(name: &str) -> Option<String> {
    (name == "HOST").then(|| "127.0.0.1".to_owned())
}

/// The shipped configuration without comments, its commented keys, and a small file with errors.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let shipped = fs::read_to_string(seeds::root().join("pipeline.toml")).unwrap_or_default();
    let bare: String = shipped
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    let is_key = |line: &&str| !line.starts_with("# ");
    let keys: Vec<_> = shipped
        .lines()
        .filter(is_key)
        .map(|line| format!("{}\n", line.trim_start_matches('#')))
        .collect();
    let wrong = "[receivers.monitor1_2]\nsocket = 7\n[exporters.\"otlp/a\"]\nendpoint = \"http://${env:HOST}\"\n\
                 tls.ca_file = '${env:NONE}'\n[exporters.stdout]\nqueue.bytes = \"9 MB\"\nsignal = [1, 2]\n";
    let mut seeds = vec![bare, wrong.to_owned()];
    seeds.extend(keys.chunks(40).map(<[String]>::concat));
    seeds.into_iter().map(String::into_bytes).collect()
}
