//! One man page.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::help::{ENVIRONMENT, EXIT_CODES, FILES, TABLES};

/// The name of a page: `tidegate`, or `tidegate-run`.
pub(super) fn title(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// The commands below a command that have pages.
pub(super) fn below(command: &Command) -> impl Iterator<Item = &Command> {
    let commands = command.get_subcommands();
    commands.filter(|one| !one.is_hide_set() && one.get_name() != "help")
}

/// The page of a command, which is one of `all`. It has no date, so that the same binary always
/// writes the same page.
pub(super) fn render(command: &Command, all: &[Command]) -> io::Result<Vec<u8>> {
    let version = format!("tidegate {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone());
    // `Man` leaves out an empty date, which makes the next field the date.
    let name = title(command).to_uppercase();
    let mut page = format!(".TH {name} 1 \"\" \"{version}\" \"User Commands\"\n").into_bytes();
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command
        .get_arguments()
        .any(|argument| !argument.is_hide_set())
    {
        man.render_options_section(&mut page)?;
    }
    let mut roff = Roff::default();
    if command.has_subcommands() {
        commands(&mut roff, command);
    }
    after_help(&mut roff, command);
    let codes = EXIT_CODES.map(|(code, meaning)| (code.to_string(), meaning));
    table(&mut roff, "EXIT STATUS", &codes);
    table(&mut roff, "ENVIRONMENT", &ENVIRONMENT);
    table(&mut roff, "FILES", &FILES);
    see_also(&mut roff, command, all);
    roff.to_writer(&mut page)?;
    Ok(page)
}

/// The commands of a command, each with its summary.
fn commands(roff: &mut Roff, command: &Command) {
    roff.control("SH", ["COMMANDS"]);
    for verb in below(command) {
        roff.control("TP", []);
        roff.text([bold(title(verb)), roman("(1)")]);
        let about = verb.get_about().map(ToString::to_string);
        roff.text([roman(about.unwrap_or_default())]);
    }
}

/// The blocks of the text after the options, such as `Examples:`, each as a section with its lines
/// as they are; without the tables that every page has.
fn after_help(roff: &mut Roff, command: &Command) {
    let text = command
        .get_after_long_help()
        .or_else(|| command.get_after_help());
    let text = text.map(ToString::to_string).unwrap_or_default();
    for block in text.split("\n\n") {
        let mut lines = block.lines();
        let Some(heading) = lines.next() else {
            continue;
        };
        let (heading, first) = match heading.strip_suffix(':').map(|text| text.split_once(", ")) {
            Some(Some((heading, rest))) => (heading, Some(rest)),
            Some(None) => (heading.trim_end_matches(':'), None),
            None => ("notes", Some(heading)),
        };
        if TABLES.contains(&heading) {
            continue;
        }
        roff.control("SH", [heading.to_uppercase().as_str()]);
        roff.control("nf", []);
        for line in first.into_iter().chain(lines) {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
    }
}

fn table<T: AsRef<str>>(roff: &mut Roff, heading: &str, entries: &[(T, &str)]) {
    roff.control("SH", [heading]);
    for (term, meaning) in entries {
        roff.control("TP", []);
        roff.text([bold(term.as_ref())]);
        roff.text([roman(*meaning)]);
    }
}

/// The page of tidegate itself, and the manual.
fn see_also(roff: &mut Roff, command: &Command, all: &[Command]) {
    roff.control("SH", ["SEE ALSO"]);
    if let Some(root) = all.first().filter(|root| title(root) != title(command)) {
        roff.text([bold(title(root)), roman("(1)")]);
        roff.control("PP", []);
    }
    roff.text([roman(env!("CARGO_PKG_REPOSITORY"))]);
}
