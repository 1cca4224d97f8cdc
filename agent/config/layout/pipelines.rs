//! Pipelines that are not in `[service.pipelines]`.

use tidegate_runtime::config::Table as _;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::super::component::header;
use super::super::explain::unknown_key;
use super::super::pipeline::PipelineTable;
use super::super::service::{PIPELINES, ServiceTable};
use super::super::suggest::nearest;
use super::super::table::Value;
use super::super::{Problem, Problems};
use super::moves::{names, put, table_at};
use super::sections::is_pipeline;

/// Stands for the name of a pipeline that has none.
const NAME: &str = "NAME";

/// Moves the lists of a pipeline that are at the top of the file.
pub(super) fn correct_root(root: &mut DeTable<'_>, problems: &mut Problems) {
    let lists = take_lists(root, problems);
    put_lists(root, &["service", PIPELINES, NAME], lists);
}

/// Moves pipelines, and the lists of one, that are directly in `[service]`, and the lists that are
/// directly in `[service.pipelines]`.
pub(super) fn correct(root: &mut DeTable<'_>, problems: &mut Problems) {
    let Some(service) = table_at(root, "service") else {
        return;
    };
    let lists = take_lists(service, problems);
    put_lists(service, &[PIPELINES, NAME], lists);
    let known = || std::iter::once(PIPELINES).chain(ServiceTable::KEYS.iter().map(|key| key.name));
    for name in names(service) {
        if known().any(|known| known == name) {
            continue;
        }
        let near = nearest(&name, known());
        let is_alone = table_at(service, &name).is_some_and(|table| is_pipeline(table));
        if !is_alone && near != Some(PIPELINES) {
            continue;
        }
        let Some((key, value)) = service.remove_entry(name.as_str()) else {
            continue;
        };
        let known: Vec<_> = known().collect();
        let problem = unknown_key(&name, key.span(), "service", &known);
        if is_alone {
            let help = format!(
                "a pipeline is a table [{}]",
                header(&["service", PIPELINES, &name])
            );
            problems.push(problem.help(help));
            put(service, &[PIPELINES, &name], &key.span(), value);
        } else {
            problems.push(problem);
            put(service, &[PIPELINES], &key.span(), value);
        }
    }
    if let Some(pipelines) = table_at(service, PIPELINES) {
        let lists = take_lists(pipelines, problems);
        put_lists(pipelines, &[NAME], lists);
    }
}

/// A list of a pipeline, with its key.
type List<'i> = (Spanned<DeString<'i>>, Value<'i>);

/// Takes the lists of a pipeline out of a table that is none.
fn take_lists<'i>(table: &mut DeTable<'i>, problems: &mut Problems) -> Vec<List<'i>> {
    let mut lists: Vec<List<'i>> = Vec::new();
    for key in PipelineTable::KEYS {
        if table.get(key.name).is_some_and(is_list) {
            lists.extend(table.remove_entry(key.name));
        }
    }
    if let Some((key, _)) = lists.iter().min_by_key(|(key, _)| key.span().start) {
        let title = format!("the list `{}` is not in a pipeline", key.get_ref());
        let help = format!(
            "name the pipeline: write [{}] above it",
            header(&["service", PIPELINES, NAME])
        );
        problems.push(Problem::new(title, key.span()).help(help));
    }
    lists
}

/// Whether it is a list of ids, or should be one; an array of tables is not.
fn is_list(value: &Value<'_>) -> bool {
    match value.get_ref() {
        DeValue::String(_) => true,
        DeValue::Array(items) => !items
            .iter()
            .any(|item| matches!(item.get_ref(), DeValue::Table(_))),
        _ => false,
    }
}

fn put_lists<'i>(table: &mut DeTable<'i>, path: &[&str], lists: Vec<List<'i>>) {
    for (key, value) in lists {
        let mut list = DeTable::new();
        let span = value.span();
        let place = key.span();
        list.insert(key, value);
        put(
            table,
            path,
            &place,
            Spanned::new(span, DeValue::Table(list)),
        );
    }
}
