//! Components that do the same in one pipeline.

use tidegate_runtime::component::Lint;

use super::super::component::Component;
use super::super::{ComponentRef, Config, Problem, Problems};

/// Warns about receivers and exporters of one pipeline with the same kind and keys.
pub(super) fn check(config: &Config, problems: &mut Problems) {
    for pipeline in &config.pipelines {
        check_list(&pipeline.receivers, &config.receivers, "receives", problems);
        check_list(&pipeline.exporters, &config.exporters, "exports", problems);
    }
}

fn check_list<C: ?Sized>(
    references: &[ComponentRef],
    components: &[Component<C>],
    does: &str,
    problems: &mut Problems,
) {
    for (at, later) in references.iter().enumerate() {
        let component = &components[later.index];
        let same = |earlier: &&ComponentRef| {
            let earlier = &components[earlier.index];
            earlier.config.is_some()
                && earlier.stage.kind() == component.stage.kind()
                && earlier.fingerprint == component.fingerprint
        };
        let Some(earlier) = references[..at].iter().find(same) else {
            continue;
        };
        let stage = &components[earlier.index].stage;
        let title = format!("`{}` {does} the same as `{stage}`", component.stage);
        problems.push(
            Problem::warning(Lint::DuplicateComponent, title, later.span.clone())
                .context(earlier.span.clone(), "has the same keys"),
        );
    }
}
