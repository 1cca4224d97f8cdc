//! Names at the top of the file that are no sections: misspelt ones, those of other programs, and
//! tables without their section.

use tidegate_runtime::config::Table as _;
use toml::de::{DeTable, DeValue};

use super::super::component::header;
use super::super::explain::quoted;
use super::super::pipeline::PipelineTable;
use super::super::service::{PIPELINES, ServiceTable};
use super::super::suggest::nearest;
use super::super::table::Value;
use super::super::{Problem, Problems, Registry};
use super::SECTIONS;
use super::moves::{names, put};

/// What other programs call the sections.
const SYNONYMS: [(&str, &str); 6] = [
    ("sources", "receivers"),
    ("inputs", "receivers"),
    ("transforms", "processors"),
    ("filters", "processors"),
    ("sinks", "exporters"),
    ("outputs", "exporters"),
];

/// Where a table belongs.
struct Destination {
    /// Empty if its content cannot be what belongs there.
    path: Vec<String>,
    help: String,
}

/// Moves what is not a section.
pub(super) fn correct(root: &mut DeTable<'_>, registry: &Registry, problems: &mut Problems) {
    for name in names(root) {
        if SECTIONS.contains(&&*name) {
            continue;
        }
        let Some((key, value)) = root.remove_entry(name.as_str()) else {
            continue;
        };
        let what = match value.get_ref() {
            DeValue::Table(_) | DeValue::Array(_) => "section",
            _ => "key",
        };
        let problem = Problem::new(format!("unknown {what} `{name}`"), key.span());
        let Some(Destination { path, help }) = destination(&name, &value, registry) else {
            problems.push(unknown(problem, &name));
            continue;
        };
        problems.push(problem.help(help));
        if !matches!(value.get_ref(), DeValue::Table(_)) {
            problems.ignore(value.span());
        }
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        put(root, &path, &key.span(), value);
    }
}

fn unknown(problem: Problem, name: &str) -> Problem {
    if ["include", "includes", "import", "imports"].contains(&name) {
        return problem.note("one file holds the whole configuration");
    }
    problem.note(format!("the sections are {}", quoted(&SECTIONS, "and")))
}

fn destination(name: &str, value: &Value<'_>, registry: &Registry) -> Option<Destination> {
    let table = match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    };
    quoted_header(name, table.is_some())
        .or_else(|| component(name, registry).filter(|_| table.is_some()))
        .or_else(|| pipelines(name, table))
        .or_else(|| of_the_service(name, table.is_some()))
        .or_else(|| section(name))
        .or_else(|| misspelt_component(name, registry).filter(|_| table.is_some()))
}

/// `["exporters.otlp"]`, which is one key.
fn quoted_header(name: &str, is_table: bool) -> Option<Destination> {
    let (section, rest) = name.split_once('.')?;
    if !SECTIONS.contains(&section) {
        return None;
    }
    let keys: Vec<_> = match section {
        "service" => name.split('.').collect(),
        _ => vec![section, rest],
    };
    let written = header(&keys);
    let written = if is_table {
        format!("[{written}]")
    } else {
        written
    };
    Some(Destination {
        help: format!("quotes make one key of it; write {written}"),
        path: keys.into_iter().map(str::to_owned).collect(),
    })
}

/// A component without its section.
fn component(name: &str, registry: &Registry) -> Option<Destination> {
    let kind = name.split('/').next().unwrap_or(name);
    let role = registry.role_of(kind)?;
    let path = [role.section(), name];
    Some(Destination {
        help: format!(
            "`{kind}` is {}; write [{}]",
            registry.what_is(kind)?,
            header(&path)
        ),
        path: path.map(str::to_owned).to_vec(),
    })
}

fn misspelt_component(name: &str, registry: &Registry) -> Option<Destination> {
    let kind = nearest(name, registry.names())?;
    let path = [registry.role_of(kind)?.section(), kind];
    Some(Destination {
        help: format!("did you mean [{}]?", header(&path)),
        path: path.map(str::to_owned).to_vec(),
    })
}

/// The table of all pipelines or a single one.
fn pipelines(name: &str, table: Option<&DeTable<'_>>) -> Option<Destination> {
    if nearest(name, [PIPELINES]).is_some() {
        let first = table.and_then(|table| table.keys().next());
        let first = first.map_or("NAME", |key| key.get_ref().as_ref());
        return Some(Destination {
            help: format!("write [{}]", header(&["service", PIPELINES, first])),
            path: ["service", PIPELINES].map(str::to_owned).to_vec(),
        });
    }
    table.filter(|table| is_pipeline(table))?;
    let path = ["service", PIPELINES, name];
    Some(Destination {
        help: format!("a pipeline is a table [{}]", header(&path)),
        path: path.map(str::to_owned).to_vec(),
    })
}

/// Whether a table has a list of a pipeline.
pub(super) fn is_pipeline(table: &DeTable<'_>) -> bool {
    PipelineTable::KEYS.iter().any(|key| {
        let value = table.get(key.name);
        value.is_some_and(|value| !matches!(value.get_ref(), DeValue::Table(_)))
    })
}

/// A key of `[service]`.
fn of_the_service(name: &str, is_table: bool) -> Option<Destination> {
    let key = ServiceTable::KEYS.iter().find(|key| key.name == name)?;
    let path = ["service", name];
    let written = header(&path);
    let is_possible = key.inner().is_some() == is_table;
    let help = match (is_table, (key.default)()) {
        (true, Some(default)) if !is_possible => {
            format!("it is a key of the table [service]: {name} = {default}")
        }
        (true, _) => format!("write [{written}]"),
        (false, _) => format!("put it into the table [service], or write {written}"),
    };
    let path = path.map(str::to_owned).to_vec();
    Some(Destination {
        help,
        path: if is_possible { path } else { Vec::new() },
    })
}

/// A misspelt section, or one of another program.
fn section(name: &str) -> Option<Destination> {
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == name);
    let near = synonym.map(|(_, section)| *section);
    let near = near.or_else(|| nearest(name, SECTIONS))?;
    Some(Destination {
        help: format!("did you mean `{near}`?"),
        path: vec![near.to_owned()],
    })
}
