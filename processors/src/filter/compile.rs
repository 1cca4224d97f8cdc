//! Compiles a rule. An error has its place in the rule.

use tidegate_filter::{FilterError, Filters, FlowFilter, Matcher};
use tidegate_runtime::component::{Finding, Place};
use toml::Spanned;

use super::compiled::{CompiledRule, FlowMatcher};
use super::flow_filter::FilterTable;
use super::rule::{Action, Rule};

/// The place of a key of the rule with this position.
pub(super) fn place(at: usize, key: &str) -> Place {
    Place::Path(format!("rules.{at}.{key}"))
}

/// Compiles the rule with this position.
pub(super) fn compile(rule: &Rule, at: usize) -> Result<CompiledRule, Box<Finding>> {
    check(rule, at)?;
    let Some((filters, all)) = filters(rule, at)? else {
        return Ok(CompiledRule::new(rule, None));
    };
    let flows = FlowMatcher::new(rule, &filters, all)
        .map_err(|error| Finding::error(place(at, "flows"), error.to_string()))?;
    Ok(CompiledRule::new(rule, Some(flows)))
}

/// The filters of the rule with this position; `None` if it is about other records than flows.
pub(super) fn filters(rule: &Rule, at: usize) -> Result<Option<(Filters, Matcher)>, Box<Finding>> {
    match &rule.flows {
        Some(words) => of_words(words).map(Some),
        None if has_tables(rule) => of_tables(rule, at).map(Some),
        None => Ok(None),
    }
}

fn has_tables(rule: &Rule) -> bool {
    !rule.any_of.is_empty() || !rule.none_of.is_empty()
}

/// The list of tables that is not empty.
pub(super) fn list_of(rule: &Rule) -> &'static str {
    if rule.any_of.is_empty() {
        "none_of"
    } else {
        "any_of"
    }
}

/// A combination of keys that has no effect.
struct Mistake {
    is_made: bool,
    key: &'static str,
    title: &'static str,
    help: &'static str,
}

/// Refuses keys that have no effect together.
fn check(rule: &Rule, at: usize) -> Result<(), Box<Finding>> {
    let made = mistakes(rule).into_iter().find(|mistake| mistake.is_made);
    made.map_or(
        Ok(()),
        |Mistake {
             key, title, help, ..
         }| { Err(Finding::error(place(at, key), title).help(help).into()) },
    )
}

fn mistakes(rule: &Rule) -> [Mistake; 5] {
    const NAMES_NOTHING: &str = "remove it: only rules that drop have to name what they drop";
    let has_words = rule.flows.is_some();
    let has_flows = has_words || has_tables(rule);
    let keeps = rule.action == Action::Keep;
    [
        Mistake {
            is_made: has_words && has_tables(rule),
            key: list_of(rule),
            title: "the rule has `flows`, too",
            help: "write all of it in one form",
        },
        Mistake {
            is_made: !has_flows && rule.records.is_empty(),
            key: "name",
            title: "the rule matches nothing",
            help: "say which: flows = \"--to-port 53\", or flows = \"\" for all of them",
        },
        Mistake {
            is_made: keeps && !rule.also.is_empty(),
            key: "also",
            title: "`also` has no effect in a rule that keeps",
            help: NAMES_NOTHING,
        },
        Mistake {
            is_made: keeps && !rule.records.is_empty(),
            key: "records",
            title: "`records` has no effect in a rule that keeps",
            help: NAMES_NOTHING,
        },
        Mistake {
            is_made: !has_flows && !rule.also.is_empty(),
            key: "also",
            title: "the rule has no flows",
            help: "say which: flows = \"\" for all of them",
        },
    ]
}

fn of_words(words: &Spanned<String>) -> Result<(Filters, Matcher), Box<Finding>> {
    let text = words.get_ref();
    Filters::compile_line(text).map_err(|error| {
        let place = match error.part {
            Some(part) => Place::Part {
                value: words.span(),
                offset: part.start,
                text: text[part].to_owned(),
            },
            None => Place::Value(words.span()),
        };
        Finding::error(place, error.message).into()
    })
}

fn of_tables(rule: &Rule, at: usize) -> Result<(Filters, Matcher), Box<Finding>> {
    for (list, tables) in [("any_of", &rule.any_of), ("none_of", &rule.none_of)] {
        for (n, FilterTable(filter)) in tables.iter().enumerate() {
            if let Some((field, error)) = wrong_field(filter) {
                let place = place(at, &format!("{list}.{n}.{field}"));
                return Err(Finding::error(place, error.to_string()).into());
            }
        }
    }
    let plain = |tables: &[FilterTable]| {
        let filters = tables.iter().map(|FilterTable(filter)| filter.clone());
        filters.collect()
    };
    let filters = Filters {
        allow: plain(&rule.any_of),
        deny: plain(&rule.none_of),
    };
    // What is left are limits of the whole.
    let matcher = filters
        .compile()
        .map_err(|error| Finding::error(place(at, list_of(rule)), error.to_string()))?;
    Ok((filters, matcher))
}

/// The first field that cannot be compiled.
fn wrong_field(filter: &FlowFilter) -> Option<(&'static str, FilterError)> {
    FlowFilter::FIELDS.iter().find_map(|field| {
        let alone = filter.only(field);
        let error = Matcher::compile(&[alone], &[]).err()?;
        Some((*field, error))
    })
}
