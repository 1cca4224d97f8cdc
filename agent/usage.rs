//! What to write instead, for mistakes in the command line that clap has no tip for.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, Command};

/// The options that take what is often written without one, in the order in which they are tried.
const NAMED: [&str; 4] = ["out", "input-file", "address", "config"];

/// How the flags begin with which Hubble's CLI connects to its server.
const RELAY: [&str; 5] = ["--server", "--port-forward", "-P", "--tls", "--kube"];

/// Adds a tip to the error of a command line that begins with the words `verb`, if there is one.
pub(crate) fn add_tip(error: &mut Error, root: &Command, verb: &str) {
    let Some(command) = root.find_subcommand(verb) else {
        return;
    };
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => text(ContextKind::InvalidArg)
            .and_then(|word| source_for(command, &word).or_else(|| option_for(command, &word))),
        ErrorKind::InvalidSubcommand => {
            text(ContextKind::InvalidSubcommand).and_then(|word| option_for(command, &word))
        }
        ErrorKind::ArgumentConflict => text(ContextKind::InvalidSubcommand).map(|word| {
            format!("write `{word}` directly behind `{verb}`, and the flags behind it")
        }),
        _ => None,
    };
    let Some(tip) = tip else {
        return;
    };
    if error.get(ContextKind::SuggestedArg).is_some() {
        let word = text(ContextKind::InvalidArg).unwrap_or_default();
        // Clap compares letters: it suggests `--service` for `--server`, also in the usage.
        *error = Error::new(error.kind()).with_cmd(command);
        error.insert(ContextKind::InvalidArg, ContextValue::String(word));
    }
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![tip.into()]),
    );
}

/// The sources of `observe`, for a flag with which Hubble's CLI connects to its server.
fn source_for(command: &Command, word: &str) -> Option<String> {
    let is_of_server = RELAY.iter().any(|flag| word.starts_with(flag));
    let observes = command.get_name() == "observe";
    (observes && is_of_server).then(|| {
        "tidegate connects to no Hubble server; `--address`, `--socket` and `--input-file` name \
         what it reads"
            .to_owned()
    })
}

/// The option of the verb that takes the word.
fn option_for(command: &Command, word: &str) -> Option<String> {
    if word.starts_with('-') {
        return None;
    }
    let longs: Vec<_> = command.get_arguments().filter_map(Arg::get_long).collect();
    let name = NAMED.into_iter().find(|name| longs.contains(name))?;
    let command = command.get_name();
    Some(format!("write `tidegate {command} --{name} {word}`"))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::add_tip;
    use crate::cli::Cli;

    #[test]
    fn a_word_without_its_option_has_a_tip() {
        for (line, tip) in [
            (
                "run pipeline.toml",
                "write `tidegate run --config pipeline.toml`",
            ),
            (
                "validate a.toml",
                "write `tidegate validate --config a.toml`",
            ),
            (
                "top 10.0.0.7:9465",
                "write `tidegate top --address 10.0.0.7:9465`",
            ),
            (
                "observe node.rec",
                "write `tidegate observe --input-file node.rec`",
            ),
            ("record node.rec", "write `tidegate record --out node.rec`"),
            (
                "observe --server localhost:4245",
                "tidegate connects to no Hubble server; `--address`, `--socket` and `--input-file` \
                 name what it reads",
            ),
            (
                "observe --input-file node.rec agent-events",
                "write `agent-events` directly behind `observe`, and the flags behind it",
            ),
        ] {
            let words = line.split(' ');
            let mut error =
                Cli::try_parse_from([&["tidegate"], &*words.clone().collect::<Vec<_>>()].concat())
                    .unwrap_err();
            let verb = words.clone().next().unwrap();
            add_tip(&mut error, &Cli::command(), verb);
            let text = error.to_string();
            assert!(text.contains(&format!("tip: {tip}")), "{line}: {text}");
            assert_eq!(text.matches("tip:").count(), 1, "{text}");
        }
    }

    #[test]
    fn other_errors_stay_as_they_are() {
        for line in ["run --confg a.toml", "schema extra", "nonsense"] {
            let parse = || {
                Cli::try_parse_from(["tidegate"].into_iter().chain(line.split(' '))).unwrap_err()
            };
            let mut error = parse();
            add_tip(&mut error, &Cli::command(), line.split(' ').next().unwrap());
            assert_eq!(error.to_string(), parse().to_string());
        }
    }
}
