//! The arguments of `observe`, `top`, `tap` and `ledger` that name an agent.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args as _, Command, FromArgMatches as _, ValueHint};

use super::http::Client;
use super::target::Target;
use super::tls::TlsFiles;
use crate::config::{
    Admin, Config, ConfigInput, Listen, Problems, Registry, Secret, TelemetrySettings,
    process_environment,
};
use crate::error::Error;
use crate::os::terminal;
use crate::telemetry::read_tokens;

/// The `service.telemetry.listen` of the shipped configuration.
const DEFAULT_ADDRESS: &str = "127.0.0.1:9464";
/// The variable that overrides it there.
const ADDRESS_VARIABLE: &str = "TIDEGATE_TELEMETRY_LISTEN";
/// The variable with the bearer token.
const TOKEN_VARIABLE: &str = "TIDEGATE_TOKEN";

/// An agent, and the credentials for it.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct AgentArgs {
    /// The agent's address: HOST:PORT, https://HOST:PORT or unix:PATH [default: the variable
    /// TIDEGATE_TELEMETRY_LISTEN, or 127.0.0.1:9464]
    #[arg(short, long, value_name = "ADDRESS", conflicts_with = "config")]
    address: Option<String>,
    /// Take the address and the token from a configuration (`-` is standard input): from `service.telemetry.listen` if that
    /// is a loopback address, or from `[service.telemetry.admin]`
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// File whose first line is the bearer token of the admin listener [default: the variable
    /// TIDEGATE_TOKEN]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsFiles,
}

impl AgentArgs {
    /// Whether an argument names the agent.
    pub(crate) fn is_named(&self) -> bool {
        self.address.is_some() || self.config.is_some()
    }

    /// The arguments among the words of a command line that is being typed, which may not be a valid
    /// one yet.
    pub(crate) fn from_words(words: &[OsString]) -> Self {
        let command = Self::augment_args(Command::new("tidegate").ignore_errors(true));
        let is_own = |word: &str| {
            let word = word.split('=').next().unwrap_or(word);
            command.get_arguments().any(|argument| {
                let long = argument.get_long().and_then(|_| word.strip_prefix("--"));
                let short = argument
                    .get_short()
                    .filter(|short| *word == format!("-{short}"));
                short.is_some() || (long.is_some() && long == argument.get_long())
            })
        };
        let mut own = vec![OsString::from("tidegate")];
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(text) = word.to_str().filter(|text| is_own(text)) else {
                continue;
            };
            own.push(word.clone());
            if !text.contains('=') {
                own.extend(words.next().cloned());
            }
        }
        let matches = command.get_matches_from(own);
        Self::from_arg_matches(&matches).unwrap_or_default()
    }

    /// Creates a client for the agent; reads the configuration and the other files.
    pub(crate) fn client(&self) -> Result<Client, Error> {
        let (target, configured) = match (&self.address, &self.config) {
            (Some(address), _) => (Target::parse(address).map_err(Error::Usage)?, None),
            (None, Some(path)) => configured(path)?,
            (None, None) => {
                let address = process_environment(ADDRESS_VARIABLE)
                    .unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
                (
                    Target::parse(&address)
                        .map_err(|error| Error::Usage(format!("{ADDRESS_VARIABLE}: {error}")))?,
                    None,
                )
            }
        };
        let token = match &self.token_file {
            Some(path) => read_tokens(path)?.into_iter().next(),
            None => process_environment(TOKEN_VARIABLE)
                .filter(|token| !token.is_empty())
                .map(|token| (&*token).into()),
        };
        let token = token.or(configured);
        if let Some(why) = token.as_ref().and_then(Secret::not_a_token) {
            return Err(Error::Usage(format!(
                "{TOKEN_VARIABLE} is not a token: {why}"
            )));
        }
        Ok(Client::new(self.tls.connector(target)?, token))
    }
}

/// The address of `/debug` in a configuration, and its token if that can be read.
fn configured(path: &Path) -> Result<(Target, Option<Secret>), Error> {
    let source = ConfigInput::locate(Some(path))
        .and_then(|input| input.read())
        .map_err(|error| Error::Configuration(error.render()))?;
    let mut problems = Problems::default();
    let config = Config::parse(
        &source,
        &Registry::BUILT_IN,
        &process_environment,
        &mut problems,
    );
    match config {
        Some(config) if problems.errors() == 0 => from_settings(&config.service.telemetry, path),
        _ => Err(Error::Configuration(
            problems.render(&source, terminal::has_colour(&std::io::stderr())),
        )),
    }
}

fn from_settings(
    settings: &TelemetrySettings,
    path: &Path,
) -> Result<(Target, Option<Secret>), Error> {
    let admin = settings.admin.as_ref();
    if settings.serves_debug()
        && let Some(target) = Target::of_listener(&Listen::Tcp(settings.listen), false)
    {
        return Ok((target, None));
    }
    if let Some(admin) = admin
        && let Some(target) = Target::of_listener(&admin.listen, admin.tls.is_some())
    {
        return Ok((target, token(admin)));
    }
    let path = path.display();
    Err(Error::Usage(
        match settings.serves_debug() || admin.is_some() {
            true => format!(
                "{path} lets the system choose the agent's port; use the one in the agent's log: \
                 `--address HOST:PORT`"
            ),
            false => format!(
                "the agent of {path} does not serve /debug: `service.telemetry.listen` is not a \
                 loopback address, and there is no `[service.telemetry.admin]`"
            ),
        },
    ))
}

/// The configured token. A token file that this user cannot read is ignored; the agent then refuses
/// the request.
fn token(admin: &Admin) -> Option<Secret> {
    let from_file = || {
        let tokens = read_tokens(admin.token_file.as_deref()?).ok()?;
        tokens.into_iter().next()
    };
    admin.token.clone().or_else(from_file)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    use super::{AgentArgs, DEFAULT_ADDRESS, configured};

    #[test]
    fn arguments_are_found_in_an_unfinished_command_line() {
        let words = |line: &str| {
            let words: Vec<_> = line.split(' ').map(OsString::from).collect();
            let found = AgentArgs::from_words(&words);
            (found.address, found.config)
        };
        let address = Some("unix:/a".to_owned());
        let config = Some(PathBuf::from("a.toml"));
        for (line, expected) in [
            ("tap --address unix:/a l34", (address.clone(), None)),
            (
                "tap --filter --what -a unix:/a --format",
                (address.clone(), None),
            ),
            ("tap --address=unix:/a --rate", (address, None)),
            ("tap --rate x -c a.toml", (None, config.clone())),
            ("tap --config a.toml --address", (None, config)),
            ("tap", (None, None)),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn the_default_address_is_that_of_the_shipped_configuration() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipeline.toml");
        assert_eq!(configured(&shipped).unwrap().0.to_string(), DEFAULT_ADDRESS);
    }

    /// The address and the token of a configuration with these telemetry settings.
    fn from_telemetry(settings: &str) -> Result<(String, Option<String>), String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p.toml");
        let text = format!(
            "[service.telemetry]\n{settings}\n\
             [receivers.replay]\nfile = \"-\"\n[exporters.nop]\n\
             [service.pipelines.p]\nreceivers = [\"replay\"]\nexporters = [\"nop\"]\n"
        );
        std::fs::write(&path, text).unwrap();
        let (target, token) = configured(&path).map_err(|error| format!("{error:?}"))?;
        let token = token.map(|token| token.expose().to_owned());
        Ok((target.to_string(), token))
    }

    #[test]
    fn the_address_and_the_token_come_from_a_configuration() {
        let admin_tls = "listen = \"0.0.0.0:1\"\n\
                         [service.telemetry.admin]\nlisten = \"0.0.0.0:2\"\n\
                         tls.cert_file = \"c\"\ntls.key_file = \"k\"\ntls.client_ca_file = \"a\"";
        let cases = [
            ("listen = \"127.0.0.1:1\"", "127.0.0.1:1", None),
            (
                "listen = \"127.0.0.1:1\"\nadmin.listen = \"/run/a\"",
                "127.0.0.1:1",
                None,
            ),
            (
                "listen = \"127.0.0.1:1\"\nadmin = { listen = \"/run/a\", exclusive = true }",
                "unix:/run/a",
                None,
            ),
            (
                "listen = \"0.0.0.0:1\"\nadmin.listen = \"/run/a\"",
                "unix:/run/a",
                None,
            ),
            (
                "listen = \"0.0.0.0:1\"\nadmin = { listen = \"0.0.0.0:2\", token = \"t\" }",
                "127.0.0.1:2",
                Some("t"),
            ),
            (admin_tls, "https://127.0.0.1:2", None),
        ];
        for (settings, target, token) in cases {
            let expected = Ok((target.to_owned(), token.map(str::to_owned)));
            assert_eq!(from_telemetry(settings), expected, "{settings}");
        }
    }

    #[test]
    fn a_configuration_without_a_fixed_address_of_debug_is_refused() {
        for (settings, expected) in [
            ("listen = \"0.0.0.0:1\"", "does not serve /debug"),
            ("listen = \"127.0.0.1:0\"", "lets the system choose"),
        ] {
            let error = from_telemetry(settings).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
