//! Files that several exporters write.

use std::path::PathBuf;

use tidegate_runtime::component::ExporterConfig;
use tidegate_runtime::exclusive::ExclusiveResource;

use super::super::component::Component;
use super::super::{Config, Problem, Problems};

/// The key that names the file of an exporter.
const KEY: &str = "path";

/// Reports exporters that write to the file of another one.
pub(super) fn check(config: &Config, problems: &mut Problems) {
    let mut earlier: Vec<(PathBuf, &Component<dyn ExporterConfig>)> = Vec::new();
    for component in &config.exporters {
        for file in files(component) {
            match earlier.iter().find(|(other, _)| *other == file) {
                Some((_, other)) => problems.push(shared(other, component)),
                None => earlier.push((file, component)),
            }
        }
    }
}

fn files(component: &Component<dyn ExporterConfig>) -> Vec<PathBuf> {
    let resources = component.config.as_ref();
    let resources = resources.map(|config| config.exclusive_resources());
    let resources = resources.into_iter().flatten();
    resources
        .filter_map(|resource| match resource {
            ExclusiveResource::File(path) => Some(path),
            ExclusiveResource::Address(_) | ExclusiveResource::StandardOutput => None,
        })
        .collect()
}

fn shared<C: ?Sized>(earlier: &Component<C>, later: &Component<C>) -> Problem {
    let title = format!(
        "`{}` and `{}` write to the same file",
        earlier.stage, later.stage
    );
    Problem::new(title, later.span_of(KEY))
        .label("each needs a file of its own")
        .context(earlier.span_of(KEY), "the same path")
}
