//! `[service.pipelines]`: the pipelines, which refer to components by their ids.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize as _;
use tidegate_runtime::component::{ExporterConfig, ProcessorConfig, ReceiverConfig};
use tidegate_runtime::config::Table as _;
use toml::Spanned;
use toml::de::{DeArray, DeString, DeValue};

use super::component::{Components, is_name};
use super::explain::{ids, not_a_list};
use super::reference::{ComponentRef, resolve};
use super::renamed::replace_old_names;
use super::table::{Value, read_good_parts, refuse_unknown, table};
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
    /// Whether its lists have errors, so that they may refer to further components.
    pub(crate) is_unread: bool,
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
    /// Reads the lists, and returns whether they have no errors.
    fn read(value: Value<'_>, path: &str, problems: &mut Problems) -> Option<(Self, bool)> {
        let before = problems.errors();
        let span = value.span();
        let mut lists = table(value, path, problems)?;
        replace_old_names(&mut lists, Self::KEYS, path, problems);
        let known: Vec<_> = Self::KEYS.iter().map(|key| key.name).collect();
        refuse_unknown(&mut lists, &known, path, problems);
        for key in Self::KEYS {
            if let Some(list) = lists.get_mut(key.name) {
                make_list(list, &format!("{path}.{}", key.name), problems);
            }
        }
        let value = Spanned::new(span, DeValue::Table(lists));
        let (lists, is_read) = read_good_parts(value, path, Self::deserialize, problems)?;
        if is_read {
            refuse_empty(&lists.receivers, path, "receivers", problems);
            refuse_empty(&lists.exporters, path, "exporters", problems);
        }
        Some((lists, problems.errors() == before))
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

/// Makes a list of a string, which is an error.
fn make_list(value: &mut Value<'_>, path: &str, problems: &mut Problems) {
    let span = value.span();
    let DeValue::String(text) = value.get_ref() else {
        return;
    };
    problems.push(not_a_list(path, text, span.clone()));
    let mut list = DeArray::new();
    for id in ids(text) {
        let id = DeValue::String(Cow::Owned(id.to_owned()));
        list.push(Spanned::new(span.clone(), id));
    }
    *value = Spanned::new(span, DeValue::Array(list));
}

/// Reads pipelines, which refer to these components.
pub(crate) struct PipelineReader<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) receivers: &'a mut Components<dyn ReceiverConfig>,
    pub(crate) processors: &'a mut Components<dyn ProcessorConfig>,
    pub(crate) exporters: &'a mut Components<dyn ExporterConfig>,
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
        let read = PipelineTable::read(value, &path, problems);
        let (lists, is_whole) = read.unwrap_or_else(|| (PipelineTable::empty(), false));
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
        let are_whole =
            self.receivers.is_whole && self.processors.is_whole && self.exporters.is_whole;
        let has_errors = problems.errors() != before || !are_whole;
        Pipeline {
            name: name.get_ref().to_string(),
            receivers,
            processors,
            exporters,
            has_errors,
            is_unread: !is_whole,
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
