//! The keys of the processor, and what is wrong with its rules.

use std::collections::BTreeSet;

use serde::Deserialize;
use tidegate_filter::Context;
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ChainPosition, ComponentKind, Finding, Outcomes, Place,
    ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::stage::Processor;

use super::compile::{compile, place};
use super::compiled::CompiledRule;
use super::inspection::rules_without_names;
use super::rule::{Action, Rule};
use super::{Filter, OTHERWISE};
use crate::exempt::Verdicts;
use crate::made_later::made_later;

/// The most rules.
const MAX_RULES: usize = 256;

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "filter",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes::NONE,
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

tidegate_runtime::config_table! {
    /// Keeps or drops flows by rules.
    ///
    /// The first rule that matches a flow decides. Flows that report drops, policy denials or errors
    /// are dropped only by rules that name them, and so is everything that is not a flow. Metrics
    /// pass.
    #[derive(Clone, Debug)]
    pub struct Config {
        /// The rules, in their order. Each may as well be a table `[[processors.filter.rules]]`.
        #[sample = "[{ name = \"health\", action = \"drop\", flows = \"--to-port 4240\" }]"]
        pub rules: Vec<Rule>,
        /// What happens to flows that no rule matches. Default: "drop" if all rules keep, "keep" if
        /// all rules drop, otherwise it has to be given. Dropped ones are counted as `otherwise`.
        #[sample = "\"keep\""]
        pub otherwise: Option<Action> = None,
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        let of_rules = self.rules.iter().map(Rule::kinds);
        of_rules.fold(Kinds::of(&[Kind::Flow]), Kinds::union)
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input
    }

    fn inspect(&self, position: &ChainPosition) -> Vec<Finding> {
        match self.compile() {
            Ok(_) => rules_without_names(&self.rules, position)
                .into_iter()
                .chain(made_later(position, "rules"))
                .collect(),
            Err(errors) => errors,
        }
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        let first = |errors: Vec<Finding>| BuildError {
            key: "rules",
            message: errors
                .into_iter()
                .next()
                .map_or_else(String::new, |one| one.title),
        };
        Ok(Box::new(Filter {
            rules: self.compile().map_err(first)?,
            otherwise_drops: self.otherwise() == Some(Action::Drop),
            exempt: Verdicts::exempt_except(&[]),
            context: Context::new(&context.node_name),
        }))
    }
}

impl Config {
    /// What happens to flows that no rule matches; `None` if it is not known.
    fn otherwise(&self) -> Option<Action> {
        let has = |action| self.rules.iter().any(|rule| rule.action == action);
        match (has(Action::Keep), has(Action::Drop)) {
            _ if self.otherwise.is_some() => self.otherwise,
            (true, false) => Some(Action::Drop),
            (false, true) => Some(Action::Keep),
            _ => None,
        }
    }

    fn compile(&self) -> Result<Box<[CompiledRule]>, Vec<Finding>> {
        let mut errors = self.errors();
        let mut compiled = Vec::new();
        for (at, rule) in self.rules.iter().enumerate().take(MAX_RULES) {
            match compile(rule, at) {
                Ok(rule) => compiled.push(rule),
                Err(error) => errors.push(*error),
            }
        }
        if errors.is_empty() {
            Ok(compiled.into())
        } else {
            Err(errors)
        }
    }

    /// What is wrong with the rules as a whole.
    fn errors(&self) -> Vec<Finding> {
        let mut errors = Vec::new();
        let rules = Place::Key("rules");
        match self.rules.len() {
            0 => errors.push(
                Finding::error(rules, "there are no rules")
                    .help("write a rule, or leave the filter out of `processors`"),
            ),
            n if n > MAX_RULES => {
                let title = format!("there are {n} rules, and {MAX_RULES} are allowed");
                errors.push(Finding::error(rules, title));
            }
            _ if self.otherwise().is_none() => errors.push(
                Finding::error(rules, "some rules keep, others drop, and the rest is not decided")
                    .help("say what happens to flows that no rule matches: otherwise = \"keep\" or \"drop\""),
            ),
            _ => {}
        }
        let mut names = BTreeSet::from([OTHERWISE]);
        for (at, rule) in self.rules.iter().enumerate() {
            if !names.insert(rule.name.as_str()) {
                let title = match rule.name.as_str() {
                    OTHERWISE => {
                        "`otherwise` is the name for flows that no rule matches".to_owned()
                    }
                    name => format!("there are two rules with the name `{name}`"),
                };
                let error = Finding::error(place(at, "name"), title);
                errors.push(error.help("choose another name"));
            }
        }
        errors
    }
}
