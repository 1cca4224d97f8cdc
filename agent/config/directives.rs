//! Which log events are written: levels for everything or for some crates, in the grammar of
//! `RUST_LOG`.
//!
//! `EnvFilter` takes an unknown word for the name of a crate and then logs nothing else, so words and
//! names are checked here.

use std::fmt::{self, Display, Formatter};

use tracing_subscriber::EnvFilter;

use super::suggest::did_you_mean;

/// The levels, from none to all.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// The crates of the agent.
const AGENT_CRATES: [&str; 9] = [
    "tidegate",
    "tidegate_exporters",
    "tidegate_format",
    "tidegate_model",
    "tidegate_processors",
    "tidegate_receivers",
    "tidegate_runtime",
    "tidegate_simulate",
    "tidegate_wire",
];
/// The former name of a crate, which is still accepted, and the crate whose log events it selects.
const FORMER_CRATE: (&str, &str) = ("tidegate_core", "tidegate_runtime");
/// Libraries that log.
const LIBRARIES: [&str; 8] = [
    "axum",
    "h2",
    "hyper",
    "hyper_util",
    "rustls",
    "tokio",
    "tonic",
    "tower",
];

/// Valid directives, such as `info,tidegate_runtime=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directives(String);

/// What is wrong with directives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) struct BadDirective {
    /// The error.
    pub(crate) what: String,
    /// What is valid.
    pub(crate) note: String,
    /// What is probably meant.
    pub(crate) help: Option<String>,
}

impl Display for BadDirective {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; {}",
            self.what,
            self.help.as_ref().unwrap_or(&self.note)
        )
    }
}

impl Default for Directives {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl Directives {
    /// Checks a list of levels and `target=level`, separated by commas. Levels are read in any
    /// case, and `warning` is `warn`.
    pub(crate) fn parse(text: &str) -> Result<Self, BadDirective> {
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        let checked = words.map(directive).collect::<Result<Vec<_>, _>>()?;
        if checked.is_empty() {
            return Err(BadDirective {
                what: "no level is given".to_owned(),
                note: levels(),
                help: None,
            });
        }
        let checked = checked.join(",");
        match EnvFilter::try_new(&checked) {
            Ok(_) => Ok(Self(checked)),
            Err(error) => Err(BadDirective {
                what: error.to_string(),
                note: grammar(),
                help: None,
            }),
        }
    }

    /// The filter that they describe. `debug` alone is for the agent's crates: a library such as
    /// `h2` logs each of its frames there, among which the agent's own lines are lost. Libraries
    /// that are named, and `trace`, are as they are written.
    pub(crate) fn filter(&self) -> EnvFilter {
        let is_debug = self.0.split(',').any(|word| word == "debug");
        let libraries = LIBRARIES
            .iter()
            .filter(|_| is_debug)
            .map(|library| format!("{library}=info,"));
        // The directives are valid. Of two for one crate, the later one applies.
        EnvFilter::new(libraries.collect::<String>() + &self.0)
    }

    /// The directives as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// One directive in the words of `EnvFilter`.
fn directive(word: &str) -> Result<String, BadDirective> {
    let (target, level) = match (word.rfind(']'), word.split_once('=')) {
        // `target[span{field=value}]=level`; without a level it is all of them.
        (Some(end), _) => match word[end + 1..].strip_prefix('=') {
            Some(level) => (Some(&word[..=end]), level),
            None => (Some(word), "trace"),
        },
        (None, Some((target, level))) => (Some(target), level),
        (None, None) => (None, word),
    };
    let level = self::level(level.trim())?;
    let Some(target) = target.map(str::trim) else {
        return Ok(level.to_owned());
    };
    let target = with_current_name(target);
    known(&target)?;
    Ok(format!("{target}={level}"))
}

/// Replaces the former name of a crate at the start of a target.
fn with_current_name(target: &str) -> String {
    let (former, current) = FORMER_CRATE;
    match target.strip_prefix(former) {
        Some(rest) if rest.is_empty() || rest.starts_with([':', '[']) => format!("{current}{rest}"),
        _ => target.to_owned(),
    }
}

fn level(word: &str) -> Result<&'static str, BadDirective> {
    let lower = word.to_ascii_lowercase();
    let found = LEVELS
        .into_iter()
        .find(|level| *level == lower || (*level == "warn" && lower == "warning"));
    found.ok_or_else(|| {
        let is_target = AGENT_CRATES.contains(&word) || word.contains("::");
        let help = if is_target {
            Some(format!("write `{word}=debug`"))
        } else {
            did_you_mean(word, LEVELS)
        };
        BadDirective {
            what: format!("there is no level `{word}`"),
            note: levels(),
            help,
        }
    })
}

/// Whether something can log under the target's name, which begins with that of its crate.
fn known(target: &str) -> Result<(), BadDirective> {
    let name = target.split(['[', ':']).next().unwrap_or_default();
    let names = AGENT_CRATES.into_iter().chain(LIBRARIES);
    if (name.is_empty() && target.starts_with('[')) || names.clone().any(|known| known == name) {
        return Ok(());
    }
    let note = format!(
        "names are those of crates: {}",
        names.clone().collect::<Vec<_>>().join(", ")
    );
    Err(BadDirective {
        what: format!("nothing logs as `{name}`"),
        note,
        help: did_you_mean(name, names),
    })
}

fn levels() -> String {
    format!("levels are {}", LEVELS.join(", "))
}

fn grammar() -> String {
    "write a level such as \"info\", or levels of crates such as \"warn,tidegate_runtime=debug\""
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Directives, LIBRARIES};

    #[test]
    fn levels_and_targets_are_read_as_people_write_them() {
        let cases = [
            ("info", "info"),
            ("warning", "warn"),
            ("INFO", "info"),
            ("Warn", "warn"),
            ("off", "off"),
            ("trace", "trace"),
            (
                " info , tidegate_runtime=DEBUG ,",
                "info,tidegate_runtime=debug",
            ),
            (
                "warn,tidegate_receivers::monitor1_2=warning",
                "warn,tidegate_receivers::monitor1_2=warn",
            ),
            ("info,tidegate_core=debug", "info,tidegate_runtime=debug"),
            (
                "tidegate_core::pipeline=debug",
                "tidegate_runtime::pipeline=debug",
            ),
            ("info,h2=trace", "info,h2=trace"),
            (
                "info,tidegate[span{a=1}]=debug",
                "info,tidegate[span{a=1}]=debug",
            ),
            ("[span]", "[span]=trace"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Directives::parse(text).map(|read| read.0).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn debug_alone_is_not_for_libraries() {
        let filter = |text: &str| Directives::parse(text).unwrap().filter().to_string();
        let has =
            |text: &str, directive: &str| filter(text).split(',').any(|word| word == directive);
        assert!(
            has("debug", "debug")
                && LIBRARIES
                    .iter()
                    .all(|library| has("debug", &format!("{library}=info")))
        );
        assert!(has("debug,h2=trace", "h2=trace") && !has("debug,h2=trace", "h2=info"));
        assert!(has("h2=debug,debug", "h2=debug") && has("h2=debug,debug", "tower=info"));
        assert_eq!(
            (filter("trace"), filter("info")),
            ("trace".to_owned(), "info".to_owned())
        );
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn what_would_log_nothing_is_refused() {
        let all = "levels are off, error, warn, info, debug, trace";
        let cases = [
            (
                "inof",
                "there is no level `inof`; did you mean `info`?".to_owned(),
            ),
            (
                "debg",
                "there is no level `debg`; did you mean `debug`?".to_owned(),
            ),
            ("verbose", format!("there is no level `verbose`; {all}")),
            ("", format!("no level is given; {all}")),
            (" , ", format!("no level is given; {all}")),
            (
                "info,tidegate_runtime=debgu",
                "there is no level `debgu`; did you mean `debug`?".to_owned(),
            ),
            (
                "info,tidegate_runtime=",
                format!("there is no level ``; {all}"),
            ),
            (
                "tidegate_runtime",
                "there is no level `tidegate_runtime`; write `tidegate_runtime=debug`".to_owned(),
            ),
            (
                "tidegate_runtim=debug",
                "nothing logs as `tidegate_runtim`; did you mean `tidegate_runtime`?".to_owned(),
            ),
            (
                "tidegate-runtime=debug",
                "nothing logs as `tidegate-runtime`; did you mean `tidegate_runtime`?".to_owned(),
            ),
            (
                "tidgate=debug",
                "nothing logs as `tidgate`; did you mean `tidegate`?".to_owned(),
            ),
            (
                "hyperr=debug",
                "nothing logs as `hyperr`; did you mean `hyper`?".to_owned(),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Directives::parse(text).unwrap_err().to_string(),
                expected,
                "{text}"
            );
        }
        assert!(Directives::parse("info,tidegate[span=debug").is_err());
    }

    #[test]
    fn the_libraries_are_dependencies() {
        let lock = include_str!("../../Cargo.lock");
        for library in LIBRARIES {
            assert!(
                lock.contains(&format!("name = \"{}\"\n", library.replace('_', "-"))),
                "{library}"
            );
        }
    }
}
