//! `[service.pipelines]`: the pipelines, which refer to components by their ids.

use std::ops::Range;

use serde::Deserialize as _;
use tidegate_runtime::component::{ComponentKind, ExporterConfig, ProcessorConfig, ReceiverConfig};
use tidegate_runtime::config::Table as _;
use toml::Spanned;
use toml::de::DeString;

use super::component::{Component, is_name};
use super::registry::find;
use super::renamed::replace_old_names_of;
use super::section::Section;
use super::suggest::nearest;
use super::table::{Value, quoted, read, table};
use super::{Problem, Problems, Registry};

/// A pipeline of the file, with the references that could be resolved.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) name: String,
    pub(crate) receivers: Vec<ComponentRef>,
    pub(crate) processors: Vec<ComponentRef>,
    pub(crate) exporters: Vec<ComponentRef>,
    /// Whether it has errors.
    pub(crate) has_errors: bool,
    /// Whether its lists could not be read.
    pub(crate) is_unread: bool,
}

/// A reference to a component in one of the lists.
#[derive(Clone, Debug)]
pub(crate) struct ComponentRef {
    /// Index among the components of its section.
    pub(crate) index: usize,
    /// The place of the reference.
    pub(crate) span: Range<usize>,
}

tidegate_runtime::config_table! {
    /// A pipeline: every receiver feeds the chain of processors, and every exporter gets what leaves
    /// it.
    ///
    /// Pipelines can share receivers and exporters. Each of them has its own instances of its
    /// processors.
    #[derive(Debug)]
    pub(crate) struct PipelineTable {
        /// Ids of receivers.
        receivers: Spanned<Vec<Spanned<String>>>,
        /// Ids of processors, in their order.
        processors: Vec<Spanned<String>> = Vec::new(),
        /// Ids of exporters.
        exporters: Spanned<Vec<Spanned<String>>>,
    }
}

impl PipelineTable {
    /// Reads the table. Lists that must not be empty are checked.
    fn read(mut value: Value<'_>, path: &str, problems: &mut Problems) -> Option<Self> {
        replace_old_names_of(&mut value, Self::KEYS, path, problems);
        let lists = read(value, path, Self::deserialize, problems)?;
        refuse_empty(&lists.receivers, path, "receivers", problems);
        refuse_empty(&lists.exporters, path, "exporters", problems);
        Some(lists)
    }

    fn empty() -> Self {
        let empty = || Spanned::new(0..0, Vec::new());
        Self {
            receivers: empty(),
            processors: Vec::new(),
            exporters: empty(),
        }
    }
}

/// Reads pipelines, which refer to these components.
pub(crate) struct PipelineReader<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) receivers: &'a mut [Component<dyn ReceiverConfig>],
    pub(crate) processors: &'a mut [Component<dyn ProcessorConfig>],
    pub(crate) exporters: &'a mut [Component<dyn ExporterConfig>],
}

impl PipelineReader<'_> {
    /// Reads all pipelines.
    pub(crate) fn read(&mut self, value: Value<'_>, problems: &mut Problems) -> Vec<Pipeline> {
        let span = value.span();
        let Some(pipelines) = table(value, "service.pipelines", problems) else {
            return Vec::new();
        };
        if pipelines.is_empty() {
            problems.push(no_pipelines(span));
        }
        pipelines
            .into_iter()
            .map(|(name, value)| self.pipeline(&name, value, problems))
            .collect()
    }

    fn pipeline(
        &mut self,
        name: &Spanned<DeString<'_>>,
        value: Value<'_>,
        problems: &mut Problems,
    ) -> Pipeline {
        check_name(name, problems);
        let before = problems.errors();
        let path = format!("service.pipelines.{}", name.get_ref());
        let lists = PipelineTable::read(value, &path, problems);
        let is_unread = lists.is_none();
        let lists = lists.unwrap_or_else(PipelineTable::empty);
        let registry = self.registry;
        let receivers = resolve(
            lists.receivers.get_ref(),
            self.receivers,
            &registry.receiver_section(),
            registry,
            problems,
        );
        let processors = resolve(
            &lists.processors,
            self.processors,
            &registry.processor_section(),
            registry,
            problems,
        );
        let exporters = resolve(
            lists.exporters.get_ref(),
            self.exporters,
            &registry.exporter_section(),
            registry,
            problems,
        );
        let has_errors = problems.errors() != before;
        Pipeline {
            name: name.get_ref().to_string(),
            receivers,
            processors,
            exporters,
            has_errors,
            is_unread,
        }
    }
}

fn check_name(name: &Spanned<DeString<'_>>, problems: &mut Problems) {
    if !is_name(name.get_ref()) {
        let title = format!("`{}` is not a valid name for a pipeline", name.get_ref());
        let help = "use letters, digits, `_` and `-`";
        problems.push(Problem::new(title, name.span()).help(help));
    }
}

/// The error of a file without pipelines.
pub(crate) fn no_pipelines(span: Range<usize>) -> Problem {
    Problem::new("there is no pipeline", span)
        .help("add a table [service.pipelines.NAME] with the lists `receivers`, `processors` and `exporters`")
}

fn refuse_empty(
    list: &Spanned<Vec<Spanned<String>>>,
    path: &str,
    key: &str,
    problems: &mut Problems,
) {
    if list.get_ref().is_empty() {
        let one = key.trim_end_matches('s');
        problems.push(
            Problem::new(format!("`{path}` has no {key}"), list.span())
                .label(format!("name at least one {one}")),
        );
    }
}

/// Resolves the references of a list, and marks their components as used.
fn resolve<C: ?Sized>(
    list: &[Spanned<String>],
    components: &mut [Component<C>],
    section: &Section<C>,
    registry: &Registry,
    problems: &mut Problems,
) -> Vec<ComponentRef> {
    let mut references: Vec<ComponentRef> = Vec::new();
    for id in list {
        let Some(index) = components
            .iter()
            .position(|component| component.id == *id.get_ref())
        else {
            let near = nearest(
                id.get_ref(),
                components.iter().map(|component| component.id.as_str()),
            )
            .map(str::to_owned);
            // A component that is probably meant is not reported as unused.
            components
                .iter_mut()
                .filter(|one| Some(&one.id) == near.as_ref())
                .for_each(|one| one.is_used = true);
            problems.push(dangling(id, near, section, registry));
            continue;
        };
        components[index].is_used = true;
        match references.iter().find(|earlier| earlier.index == index) {
            Some(earlier) => {
                let title = format!(
                    "`{}` is listed twice in `{}`",
                    id.get_ref(),
                    section.role.section()
                );
                problems.push(
                    Problem::new(title, id.span()).context(earlier.span.clone(), "first here"),
                );
            }
            None => references.push(ComponentRef {
                index,
                span: id.span(),
            }),
        }
    }
    references
}

/// The error of an id that no component of the section has.
fn dangling<C: ?Sized>(
    id: &Spanned<String>,
    near: Option<String>,
    section: &Section<C>,
    registry: &Registry,
) -> Problem {
    let Section { one, kinds, .. } = section;
    let name = section.role.section();
    let problem = Problem::new(
        format!("no {} has the id `{}`", one, id.get_ref()),
        id.span(),
    );
    if let Some(near) = near {
        return problem.help(format!("did you mean `{near}`?"));
    }
    let kind = id.get_ref().split('/').next().unwrap_or_default();
    if find(kinds, kind).is_some() {
        return problem.help(format!(
            "declare it with a table [{name}.{}]",
            header(id.get_ref())
        ));
    }
    if let Some(other) = registry.what_is(kind) {
        return problem.help(format!("`{kind}` is {other}; put it into that list"));
    }
    let names: Vec<_> = kinds
        .iter()
        .map(|kind: &ComponentKind<C>| kind.name)
        .collect();
    match nearest(kind, names.iter().copied()) {
        Some(near) => problem.help(format!(
            "did you mean the kind `{near}`? Declare it with a table [{name}.{near}]"
        )),
        None => problem.note(format!("the kinds of {name} are {}", quoted(&names, "and"))),
    }
}

/// An id as it is written in a table's header.
fn header(id: &str) -> String {
    if id.contains('/') {
        format!("\"{id}\"")
    } else {
        id.to_owned()
    }
}
