//! Checks the files that a configuration names, before anything starts: that this user can [read](mod@read)
//! them, and that they hold what they have to: [certificates](mod@certificate), [keys](mod@key), tokens or
//! a recording. Files that are no regular files, such as pipes, are not opened: a reader would take
//! what is in them away.

mod certificate;
mod fault;
mod key;
mod read;
mod secrecy;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;

use tidegate_receivers::recording_file;
use tidegate_runtime::component::{FileContent, FileUse, Lint};
use tidegate_wire::file_type::{FileType, START};
use tokio_rustls::rustls::pki_types::UnixTime;

use crate::config::{Component, Config, OWN_TELEMETRY, Problems, Secret, Tls};
use fault::Fault;
use read::{read, read_start};

/// A file, and the place that names it.
struct NamedFile {
    /// The path of the key.
    key: String,
    span: Range<usize>,
    file: FileUse,
}

/// The number of files that a configuration names. Opens none of them.
pub(crate) fn count(config: &Config) -> usize {
    files(config).len()
}

/// Reports files that cannot be used, and those that soon cannot.
pub(crate) fn check(config: &Config, now: UnixTime, problems: &mut Problems) {
    for named in files(config) {
        for fault in faults(&named.file, now) {
            problems.push(fault.at(&named.key, named.span.clone()));
        }
    }
}

/// The files of all components, then those of the agent itself.
fn files(config: &Config) -> Vec<NamedFile> {
    let receivers = config.receivers.iter();
    let receivers = receivers.flat_map(|one| named(one, |config| config.files()));
    let processors = config.processors.iter();
    let processors = processors.flat_map(|one| named(one, |config| config.files()));
    let exporters = config.exporters.iter();
    let exporters = exporters.flat_map(|one| named(one, |config| config.files()));
    receivers
        .chain(processors)
        .chain(exporters)
        .chain(files_of_admin(config))
        .chain(files_of_own_telemetry(config))
        .collect()
}

fn named<C: ?Sized>(component: &Component<C>, files: fn(&C) -> Vec<FileUse>) -> Vec<NamedFile> {
    let files = component.config.as_deref().map(files).unwrap_or_default();
    let named = files.into_iter().map(|file| NamedFile {
        key: format!("{}.{}", component.stage, file.key),
        span: component.span_of(file.key),
        file,
    });
    named.collect()
}

/// The files of the admin listener.
fn files_of_admin(config: &Config) -> Vec<NamedFile> {
    let Some(admin) = &config.service.telemetry.admin else {
        return Vec::new();
    };
    let tokens = admin.token_file.as_ref();
    let tokens = tokens.map(|path| FileUse::new("token_file", path, FileContent::Tokens));
    let tls = admin.tls.iter().flat_map(files_of_tls);
    let named = tokens.into_iter().chain(tls).map(|file| {
        let key = format!("telemetry.admin.{}", file.key);
        NamedFile {
            span: config.service.span_of(&key),
            key: format!("service.{key}"),
            file,
        }
    });
    named.collect()
}

/// The files of the agent's own telemetry.
fn files_of_own_telemetry(config: &Config) -> Vec<NamedFile> {
    let own = config.service.own_telemetry.iter();
    let named = own.flat_map(|own| &own.files).map(|file| {
        let key = format!("{OWN_TELEMETRY}.{}", file.key);
        NamedFile {
            span: config.service.span_of(&key),
            key: format!("service.{key}"),
            file: file.clone(),
        }
    });
    named.collect()
}

fn files_of_tls(tls: &Tls) -> Vec<FileUse> {
    let chain = FileContent::CertificateChain {
        private_key: tls.key_file.clone(),
    };
    let mut files = vec![
        FileUse::new("tls.cert_file", &tls.cert_file, chain),
        FileUse::new("tls.key_file", &tls.key_file, FileContent::PrivateKey),
    ];
    files.extend(tls.client_ca_file.as_ref().map(|path| {
        let content = FileContent::CertificateAuthorities;
        FileUse::new("tls.client_ca_file", path, content)
    }));
    files
}

/// What is wrong with a file.
fn faults(file: &FileUse, now: UnixTime) -> Vec<Fault> {
    let path = &file.path;
    let checked = match &file.content {
        FileContent::CertificateAuthorities => {
            with(path, |bytes| certificate::check_authorities(bytes, now))
        }
        FileContent::CertificateChain { private_key } => with(path, |bytes| {
            certificate::check_chain(bytes, private_key, now)
        }),
        FileContent::PrivateKey => with(path, |bytes| {
            key::read(bytes)?;
            Ok(secrecy::check(path))
        }),
        FileContent::Tokens => with(path, |bytes| {
            check_tokens(bytes)?;
            Ok(secrecy::check(path))
        }),
        FileContent::Text => with(path, |bytes| {
            check_text(bytes)?;
            Ok(secrecy::check(path))
        }),
        FileContent::Recording => check_recording(path),
    };
    checked.unwrap_or_else(|fault| vec![fault])
}

/// Checks the content of a regular file.
fn with(
    path: &Path,
    check: impl FnOnce(&[u8]) -> Result<Vec<Fault>, Fault>,
) -> Result<Vec<Fault>, Fault> {
    match read(path)? {
        Some(bytes) => check(&bytes),
        None => Ok(Vec::new()),
    }
}

/// Checks that there are tokens, one per line.
fn check_tokens(bytes: &[u8]) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Fault::error("has no tokens").label("this is not text"))?;
    let lines = text.lines().map(str::trim).enumerate();
    let mut tokens = lines.filter(|(_, line)| !line.is_empty()).peekable();
    if tokens.peek().is_none() {
        return Err(Fault::error("has no token").label("every line of it is empty"));
    }
    let mut invalid = tokens.filter_map(|(at, line)| Some((at, Secret::from(line).not_a_token()?)));
    match invalid.next() {
        Some((at, why)) => {
            let label = format!("line {}: {why}", at + 1);
            Err(Fault::error("has an invalid token").label(label))
        }
        None => Ok(()),
    }
}

/// Checks that there is one line of visible text.
fn check_text(bytes: &[u8]) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Fault::error("cannot be sent").label("this is not text"))?;
    match text.trim() {
        "" => Err(Fault::error("cannot be sent").label("it is empty")),
        line if line.chars().any(char::is_control) => {
            Err(Fault::error("cannot be sent").label("it has several lines or a control character"))
        }
        _ => Ok(()),
    }
}

fn check_recording(path: &Path) -> Result<Vec<Fault>, Fault> {
    let refused = |error: recording_file::NotARecording| {
        Fault::error("cannot be played").label(error.to_string())
    };
    recording_file::check_path(path).map_err(refused)?;
    let Some(start) = read_start(path, START)? else {
        return Ok(Vec::new());
    };
    match recording_file::check_start(&start, path).map_err(refused)? {
        FileType::Empty => Ok(vec![doubtful("has no events", "the file is empty")]),
        FileType::Unknown => Ok(vec![doubtful(
            "is probably no recording",
            "it does not begin as one does",
        )]),
        _ => Ok(Vec::new()),
    }
}

fn doubtful(predicate: &'static str, label: &str) -> Fault {
    Fault::warning(Lint::DoubtfulRecording, predicate).label(label)
}
