//! Resolves the ids in the lists of a pipeline to the components of a section.

use std::ops::Range;

use tidegate_runtime::component::ComponentKind;
use toml::Spanned;

use super::component::{Component, Components, header, is_name};
use super::explain::quoted;
use super::registry::find;
use super::section::Section;
use super::suggest::{nearest, remove_invisible};
use super::{Problem, Problems, Registry};

/// A reference to a component in one of the lists.
#[derive(Clone, Debug)]
pub(crate) struct ComponentRef {
    /// Index among the components of its section.
    pub(crate) index: usize,
    /// The place of the reference.
    pub(crate) span: Range<usize>,
}

/// Resolves the references of a list, and marks their components as used.
pub(super) fn resolve<C: ?Sized>(
    list: &[Spanned<String>],
    components: &mut Components<C>,
    section: &Section<C>,
    registry: &Registry,
    problems: &mut Problems,
) -> Vec<ComponentRef> {
    let mut references: Vec<ComponentRef> = Vec::new();
    for id in list {
        let Some(index) = components.position(id.get_ref()) else {
            // Where the section itself is wrong, nothing is known about its components.
            if components.is_whole {
                let list = &mut components.list;
                problems.push(dangling(id, list, section, registry));
            }
            continue;
        };
        components.list[index].is_used = true;
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

/// The error of an id that no component of the section has. A component that is probably meant counts
/// as used.
fn dangling<C: ?Sized>(
    id: &Spanned<String>,
    components: &mut [Component<C>],
    section: &Section<C>,
    registry: &Registry,
) -> Problem {
    let text = id.get_ref().as_str();
    let problem = Problem::new(format!("no {} has the id `{text}`", section.one), id.span());
    let right = rewritten(text, section).filter(|(right, _)| {
        let kind = right.split('/').next().unwrap_or(right);
        components.iter().any(|one| one.id == *right) || find(section.kinds, kind).is_some()
    });
    if let Some((right, help)) = right {
        mark_used(components, &right);
        return problem.help(help);
    }
    let near = nearest(text, components.iter().map(|one| one.id.as_str())).map(str::to_owned);
    if let Some(near) = &near {
        mark_used(components, near);
    }
    if let Some(problem) = without_table(id, near.as_deref(), section) {
        return problem;
    }
    if let Some(near) = near {
        return problem.help(format!("did you mean `{near}`?"));
    }
    let kind = text.split('/').next().unwrap_or_default();
    if let Some(other) = registry.what_is(kind) {
        return problem.help(format!("`{kind}` is {other}; put it into that list"));
    }
    let names: Vec<_> = section
        .kinds
        .iter()
        .map(|kind: &ComponentKind<C>| kind.name)
        .collect();
    match nearest(kind, names.iter().copied()) {
        Some(near) => problem.help(format!(
            "did you mean the kind `{near}`? Add the table [{}]",
            header(&[section.role.section(), near])
        )),
        None => problem.note(format!(
            "the kinds of {} are {}",
            section.role.section(),
            quoted(&names, "and")
        )),
    }
}

fn mark_used<C: ?Sized>(components: &mut [Component<C>], id: &str) {
    let meant = components.iter_mut().filter(|one| one.id == id);
    meant.for_each(|one| one.is_used = true);
}

/// The id in its right form, and how to write it: without the section, with a slash, or without
/// characters that cannot be seen.
fn rewritten<C: ?Sized>(text: &str, section: &Section<C>) -> Option<(String, String)> {
    if let Some((right, what)) = remove_invisible(text) {
        return Some((right, format!("remove {what} from it")));
    }
    let prefix = format!("{}.", section.role.section());
    if let Some(right) = text.strip_prefix(&prefix) {
        let help = format!("write the id without its section: {right:?}");
        return Some((right.to_owned(), help));
    }
    let (kind, name) = text.split_once('.')?;
    let right = format!("{kind}/{name}");
    let help = format!("a slash separates kind and name: {right:?}");
    Some((right, help))
}

/// The error of the id of a known kind: its component lacks a table. `near` is the id of a component
/// that may be meant.
fn without_table<C: ?Sized>(
    id: &Spanned<String>,
    near: Option<&str>,
    section: &Section<C>,
) -> Option<Problem> {
    let (kind, name) = match id.get_ref().split_once('/') {
        Some((kind, name)) => (kind, Some(name)),
        None => (id.get_ref().as_str(), None),
    };
    let kind = find(section.kinds, kind).filter(|_| name.is_none_or(is_name))?;
    let title = format!("the {} `{}` has no table", section.one, id.get_ref());
    let table = header(&[section.role.section(), id.get_ref()]);
    let required = kind.keys.iter().filter(|key| key.is_required);
    let required: Vec<_> = required.map(|key| key.name).collect();
    let with = match required.as_slice() {
        [] => String::new(),
        keys => format!(" with {}", quoted(keys, "and")),
    };
    let help = match near.filter(|near| near.split('/').next() == Some(kind.name)) {
        Some(near) => format!("add [{table}]{with}, or did you mean `{near}`?"),
        None => format!(
            "add [{table}]{with}; `tidegate components {}` prints it with all keys",
            kind.name
        ),
    };
    Some(Problem::new(title, id.span()).help(help))
}
