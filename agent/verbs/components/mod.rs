//! `tidegate components`: the kinds of components, and the keys of one kind.

mod reference;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io::{self, Write as _};

use tidegate_runtime::config::paragraphs;

use super::common::catalog::{Entry, Inbox, flatten, kinds, service_tables};
use crate::config::{Registry, did_you_mean};
use crate::error::Error;
use reference::{comment, key_with_comment};

/// List the kinds of receivers, processors and exporters, or the keys of one kind
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A kind, or `service`; its keys are shown with their defaults and documentation
    kind: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let kinds = kinds(&Registry::BUILT_IN);
    let text = match &args.kind {
        None => list(&kinds),
        Some(name) => describe(&kinds, name)?,
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// All kinds by section.
fn list(kinds: &[Entry]) -> String {
    let width = kinds.iter().map(|kind| kind.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut section = "";
    for kind in kinds {
        if kind.section != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", kind.section);
            section = kind.section;
        }
        let summary = paragraphs(kind.about)
            .into_iter()
            .next()
            .unwrap_or_default();
        let summary = summary.trim_end_matches('.');
        let _ = writeln!(text, "  {:width$}  {summary}", kind.name);
    }
    text
}

/// The keys of the kinds of that name.
fn describe(kinds: &[Entry], name: &str) -> Result<String, Error> {
    let found: Vec<_> = match name {
        "service" => service_tables(),
        _ => {
            let named = kinds.iter().filter(|kind| kind.name == name);
            named.cloned().collect()
        }
    };
    if found.is_empty() {
        let names = kinds.iter().map(|kind| kind.name).chain(["service"]);
        let hint = did_you_mean(name, names)
            .unwrap_or_else(|| "`tidegate components` lists them".to_owned());
        return Err(Error::Usage(format!("there is no kind `{name}`; {hint}")));
    }
    let texts: Vec<_> = found.iter().map(describe_table).collect();
    Ok(texts.join("\n"))
}

fn describe_table(entry: &Entry) -> String {
    let path = entry.path();
    let about: Vec<_> = paragraphs(entry.about)
        .iter()
        .map(|paragraph| comment(paragraph))
        .collect();
    let mut text = format!("{}\n[{path}]\n", about.join("\n"));
    for flat in flatten(&path, entry.keys, |_| false) {
        text.push_str(&key_with_comment(&flat));
    }
    if let Some(inbox) = &entry.inbox {
        text.push_str(&describe_inbox(&path, inbox));
    }
    text
}

fn describe_inbox(path: &str, inbox: &Inbox) -> String {
    let mut text = format!("\n# The inbox.\n[{path}.queue]\n");
    for mut flat in flatten(path, inbox.keys, |_| false) {
        flat.default = inbox.default.get(flat.key.name).cloned();
        text.push_str(&key_with_comment(&flat));
    }
    text
}
