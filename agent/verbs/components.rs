//! `tidegate components`: the kinds that there are, and the keys of one.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use tidegate_runtime::component::{ComponentKind, ExporterConfig, Key};
use tidegate_runtime::config::{EXPORTER_QUEUE_KEYS, QUEUE_KEYS};
use tidegate_runtime::limits::Limits;
use toml::de::ValueDeserializer;

use crate::config::{ADMIN_KEYS, Registry, SERVICE_KEYS, TELEMETRY_KEYS, did_you_mean};
use crate::error::Error;

/// List the kinds of receivers, processors and exporters, or the keys of one kind
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A kind, or `service`; its keys are shown with defaults and effects
    kind: Option<String>,
}

/// A kind, whatever it is a kind of.
struct Entry {
    section: &'static str,
    name: &'static str,
    about: &'static str,
    keys: &'static [Key],
    /// Its inbox, where the configuration does not say otherwise.
    queue: Limits,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let entries = entries(&Registry::BUILT_IN);
    let text = match &args.kind {
        None => list(&entries),
        Some(name) => describe(&entries, name)?,
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn entries(registry: &Registry) -> Vec<Entry> {
    fn of<C: ?Sized>(
        section: &'static str,
        kinds: &[ComponentKind<C>],
        queue: impl Fn(&ComponentKind<C>) -> Limits,
    ) -> Vec<Entry> {
        let entry = |kind: &ComponentKind<C>| {
            let queue = queue(kind);
            Entry {
                section,
                name: kind.name,
                about: kind.about,
                keys: kind.keys,
                queue,
            }
        };
        kinds.iter().map(entry).collect()
    }
    let mut entries = of("receivers", registry.receivers, |_| Limits::DEFAULT);
    entries.extend(of("processors", registry.processors, |_| Limits::DEFAULT));
    entries.extend(of("exporters", registry.exporters, exporter_queue));
    entries
}

/// The inbox of an exporter without keys; one that needs some has the usual inbox.
fn exporter_queue(kind: &ComponentKind<dyn ExporterConfig>) -> Limits {
    let config = ValueDeserializer::parse("{}")
        .ok()
        .and_then(|table| (kind.parse)(table).ok());
    config.map_or(Limits::DEFAULT, |config| config.default_queue())
}

/// All kinds by section.
fn list(entries: &[Entry]) -> String {
    let width = entries
        .iter()
        .map(|entry| entry.name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    let mut section = "";
    for entry in entries {
        if entry.section != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", entry.section);
            section = entry.section;
        }
        let _ = writeln!(text, "  {:width$}  {}", entry.name, entry.about);
    }
    text
}

/// The keys of what has that name.
fn describe(entries: &[Entry], name: &str) -> Result<String, Error> {
    if name == "service" {
        let tables = [
            ("service", SERVICE_KEYS),
            ("service.telemetry", TELEMETRY_KEYS),
            ("service.telemetry.admin", ADMIN_KEYS),
        ];
        let keys = tables
            .map(|(table, keys)| keys_text(table, keys))
            .join("\n");
        return Ok(format!("The agent as a whole.\n\n{keys}"));
    }
    let known: Vec<_> = entries.iter().filter(|entry| entry.name == name).collect();
    if known.is_empty() {
        let names = entries.iter().map(|entry| entry.name).chain(["service"]);
        let hint = did_you_mean(name, names)
            .unwrap_or_else(|| "`tidegate components` lists them".to_owned());
        return Err(Error::Usage(format!("there is no kind `{name}`; {hint}")));
    }
    let texts: Vec<_> = known.into_iter().map(describe_entry).collect();
    Ok(texts.join("\n"))
}

fn describe_entry(entry: &Entry) -> String {
    let path = format!("{}.{}", entry.section, entry.name);
    let mut text = format!("{}\n\n{}", entry.about, keys_text(&path, entry.keys));
    let queue = match entry.section {
        "processors" => QUEUE_KEYS,
        "exporters" => EXPORTER_QUEUE_KEYS,
        _ => return text,
    };
    let _ = write!(text, "\n[{path}.queue]\n");
    for key in queue {
        let default = match key.name {
            "records" => entry.queue.records.to_string(),
            "bytes" => size(entry.queue.bytes),
            _ => key.default.to_owned(),
        };
        write_key(&mut text, key, &default);
    }
    text
}

/// As it could stand in a file.
fn size(bytes: usize) -> String {
    let [kibibytes, mebibytes] = [bytes >> 10, bytes >> 20];
    if mebibytes << 20 == bytes {
        format!("\"{mebibytes}MiB\"")
    } else {
        format!("\"{kibibytes}KiB\"")
    }
}

/// A table as it could stand in a file, with the effect of each key above it.
fn keys_text(path: &str, keys: &[Key]) -> String {
    let mut text = format!("[{path}]\n");
    for key in keys {
        write_key(&mut text, key, key.default);
    }
    text
}

fn write_key(text: &mut String, key: &Key, default: &str) {
    let _ = writeln!(text, "{}", comment(key.effect));
    let _ = match default {
        "" => writeln!(text, "{} = ...  # no default", key.name),
        default => writeln!(text, "{} = {default}", key.name),
    };
}

/// Wraps a sentence into comment lines.
pub(crate) fn comment(sentence: &str) -> String {
    const WIDTH: usize = 98;
    let mut lines = vec![String::from("#")];
    for word in sentence.split_whitespace() {
        if lines[lines.len() - 1].len() + 1 + word.len() > WIDTH {
            lines.push(String::from("#"));
        }
        let last = lines.len() - 1;
        lines[last] = format!("{} {word}", lines[last]);
    }
    lines.join("\n")
}
