//! Where the configuration of a verb comes from: a file, a stream that can be read only once, or
//! the usual places.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::source::{ReadError, STDIN_NAME, Source};

/// The name of standard input on the command line.
const STDIN: &str = "-";
/// The configuration in the current folder.
const LOCAL: &str = "pipeline.toml";
/// The configuration that packages and the systemd unit install.
const INSTALLED: &str = "/etc/tidegate/pipeline.toml";
/// The variable with the path of the configuration.
const VARIABLE: &str = "TIDEGATE_CONFIG";

/// The origin of a configuration.
#[derive(Clone, Debug)]
pub(crate) enum ConfigInput {
    /// A file, which is read again at each reload.
    File(PathBuf),
    /// Standard input, a pipe or a socket, which can be read only once.
    Stream(PathBuf),
}

impl ConfigInput {
    /// The configuration that the command line names, or else the environment, or else the first of
    /// the usual files that exists.
    pub(crate) fn locate(named: Option<&Path>) -> Result<Self, ReadError> {
        let in_environment = std::env::var_os(VARIABLE).filter(|path| !path.is_empty());
        Self::choose(named, in_environment, [LOCAL, INSTALLED].map(Path::new))
    }

    fn choose(
        named: Option<&Path>,
        in_environment: Option<OsString>,
        usual: [&Path; 2],
    ) -> Result<Self, ReadError> {
        let named = named.map(Path::to_owned);
        if let Some(path) = named.or_else(|| in_environment.map(PathBuf::from)) {
            return Ok(Self::of(path));
        }
        // One that exists but cannot be read is an error, so that no other one takes its place.
        let exists = |path: &&Path| match path.symlink_metadata() {
            Ok(_) => true,
            Err(error) => error.kind() != ErrorKind::NotFound,
        };
        match usual.into_iter().find(exists) {
            Some(path) => Ok(Self::of(path.to_owned())),
            None => Err(ReadError::NoneFound {
                folder: std::env::current_dir().unwrap_or_default(),
                tried: usual.map(Path::to_owned),
            }),
        }
    }

    /// The input at a path; `-` is standard input.
    fn of(path: PathBuf) -> Self {
        let is_stream = path == Path::new(STDIN)
            || fs::metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_dir());
        match is_stream {
            true => Self::Stream(path),
            false => Self::File(path),
        }
    }

    /// Reads the configuration. A stream is read until its end.
    pub(crate) fn read(&self) -> Result<Source, ReadError> {
        match self {
            Self::Stream(path) if path == Path::new(STDIN) => {
                Source::read_from(Path::new(STDIN_NAME), io::stdin().lock())
            }
            Self::Stream(path) | Self::File(path) => Source::read(path),
        }
    }

    /// The path of a file; `None` for a stream.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Stream(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::ConfigInput;

    fn chosen(named: Option<&str>, variable: Option<&str>, usual: [&Path; 2]) -> String {
        match ConfigInput::choose(named.map(Path::new), variable.map(Into::into), usual) {
            Ok(ConfigInput::File(path)) => format!("file {}", path.display()),
            Ok(ConfigInput::Stream(path)) => format!("stream {}", path.display()),
            Err(error) => error.render(),
        }
    }

    #[test]
    fn an_argument_goes_before_the_environment_and_both_before_the_usual_files() {
        let directory = tempfile::tempdir().unwrap();
        let local = directory.path().join("local.toml");
        let installed = directory.path().join("installed.toml");
        let usual = [local.as_path(), installed.as_path()];
        let file = |path: &Path| format!("file {}", path.display());

        let nothing = chosen(None, None, usual);
        for path in usual {
            assert!(nothing.contains(path.to_str().unwrap()), "{nothing}");
        }
        std::fs::write(&installed, "").unwrap();
        assert_eq!(chosen(None, None, usual), file(&installed));
        // A dangling link is a mistake to report, not a missing file.
        std::os::unix::fs::symlink("/no/such/file", &local).unwrap();
        assert_eq!(chosen(None, None, usual), file(&local));
        assert_eq!(chosen(None, Some("v.toml"), usual), "file v.toml");
        assert_eq!(chosen(Some("a.toml"), Some("v.toml"), usual), "file a.toml");
    }

    #[test]
    fn standard_input_and_devices_are_streams() {
        let usual = [Path::new("a"), Path::new("b")];
        for (named, expected) in [
            ("-", "stream -"),
            ("/dev/null", "stream /dev/null"),
            ("/tmp", "file /tmp"),
            ("/no/such/file", "file /no/such/file"),
        ] {
            assert_eq!(chosen(Some(named), None, usual), expected);
        }
    }
}
