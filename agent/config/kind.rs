//! The kind of a component, which its id names.

use tidegate_runtime::component::ComponentKind;
use toml::Spanned;
use toml::de::{DeString, DeValue};

use super::component::{header, is_name};
use super::explain::quoted;
use super::registry::find;
use super::suggest::nearest;
use super::table::Value;
use super::{Problem, Problems};

/// What an id says about the kind of its component.
pub(super) struct NamedKind<C: ?Sized + 'static> {
    /// The kind; of a name that is none, a similar one.
    pub(super) kind: Option<&'static ComponentKind<C>>,
    /// The id with the kind that is probably meant, if the name is no kind.
    pub(super) meant: Option<String>,
}

impl<C: ?Sized> NamedKind<C> {
    /// The kind that the id of a table in `section` names.
    pub(super) fn of(
        id: &Spanned<DeString<'_>>,
        value: &mut Value<'_>,
        kinds: &'static [ComponentKind<C>],
        section: &str,
        problems: &mut Problems,
    ) -> Self {
        let (name, label) = match id.get_ref().split_once('/') {
            Some((name, label)) => (name, Some(label)),
            None => (id.get_ref().as_ref(), None),
        };
        if let Some(label) = label.filter(|label| !is_name(label)) {
            let title = format!("`{label}` is not a valid name");
            let help = "use letters, digits, `_` and `-` after the slash";
            problems.push(Problem::new(title, id.span()).help(help));
        }
        if let Some(kind) = find(kinds, name) {
            return Self {
                kind: Some(kind),
                meant: None,
            };
        }
        let title = format!("there is no kind of {section} called `{name}`");
        let problem = Problem::new(title, id.span());
        if label.is_none()
            && let Some(kind) = take_kind(value, kinds)
        {
            let meant = format!("{}/{name}", kind.name);
            let written = header(&[section, &meant]);
            problems.push(problem.help(format!("the kind is a part of the id: write [{written}]")));
            return Self {
                kind: Some(kind),
                meant: Some(meant),
            };
        }
        Self::nearest(name, label, kinds, section, problem, problems)
    }

    /// The kind nearest to a name that is none, which is reported as `problem`.
    fn nearest(
        name: &str,
        label: Option<&str>,
        kinds: &'static [ComponentKind<C>],
        section: &str,
        problem: Problem,
        problems: &mut Problems,
    ) -> Self {
        let names: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
        let Some(near) = nearest(name, names.iter().copied()) else {
            let all = quoted(&names, "and");
            problems.push(problem.note(format!("the kinds of {section} are {all}")));
            return Self {
                kind: None,
                meant: None,
            };
        };
        problems.push(problem.help(format!("did you mean `{near}`?")));
        Self {
            kind: find(kinds, near),
            meant: Some(label.map_or(near.to_owned(), |label| format!("{near}/{label}"))),
        }
    }
}

/// Removes the key `type` or `kind`, by which other programs name the kind of a component, if its
/// value is a kind.
fn take_kind<C: ?Sized>(
    value: &mut Value<'_>,
    kinds: &'static [ComponentKind<C>],
) -> Option<&'static ComponentKind<C>> {
    let DeValue::Table(table) = value.get_mut() else {
        return None;
    };
    ["type", "kind"].into_iter().find_map(|key| {
        let DeValue::String(name) = table.get(key)?.get_ref() else {
            return None;
        };
        let kind = find(kinds, name)?;
        table.remove(key);
        Some(kind)
    })
}
