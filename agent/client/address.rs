//! Which agent to look at, and what to show it.

use std::path::{Path, PathBuf};

use clap::ValueHint;

use super::http::Client;
use super::target::Target;
use super::tls::TlsFiles;
use crate::config::{
    Admin, Config, Listen, Problems, Registry, Secret, Source, TelemetrySettings,
    process_environment,
};
use crate::error::Error;
use crate::os::terminal;
use crate::telemetry::read_tokens;

/// Where the shipped configuration has the agent listen,
const DEFAULT: &str = "127.0.0.1:9464";
/// and the variable that it lets change that.
const VARIABLE: &str = "TIDEGATE_TELEMETRY_LISTEN";
/// A bearer token.
const TOKEN_VARIABLE: &str = "TIDEGATE_TOKEN";

/// Which agent.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Agent {
    /// The agent's address: HOST:PORT, https://HOST:PORT, or unix:PATH; else
    /// TIDEGATE_TELEMETRY_LISTEN, else 127.0.0.1:9464
    #[arg(short, long, value_name = "ADDRESS", conflicts_with = "config")]
    address: Option<String>,
    /// Take address and token from a configuration: its `[service.telemetry.admin]`, or `listen`
    /// while that is loopback
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
    /// File whose first line is the bearer token of the admin listener; else TIDEGATE_TOKEN
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsFiles,
}

impl Agent {
    /// A client for it.
    pub(crate) fn client(&self) -> Result<Client, Error> {
        let (target, configured) = match (&self.address, &self.config) {
            (Some(address), _) => (Target::parse(address).map_err(Error::Usage)?, None),
            (None, Some(path)) => configured(path)?,
            (None, None) => {
                let address = process_environment(VARIABLE).unwrap_or_else(|| DEFAULT.to_owned());
                (
                    Target::parse(&address)
                        .map_err(|error| Error::Usage(format!("{VARIABLE}: {error}")))?,
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
            return Err(Error::Usage(format!("{TOKEN_VARIABLE} is no token: {why}")));
        }
        Ok(Client::new(self.tls.connector(target)?, token))
    }
}

/// Where the agent of a configuration serves `/debug`, and what lets one in, if that can be read.
fn configured(path: &Path) -> Result<(Target, Option<Secret>), Error> {
    let source = Source::read(path).map_err(|error| Error::Configuration(error.render()))?;
    let mut problems = Problems::default();
    let config = Config::parse(
        &source,
        &Registry::BUILT_IN,
        &process_environment,
        &mut problems,
    );
    match config {
        Some(config) if problems.is_empty() => of_settings(&config.service.telemetry, path),
        _ => Err(Error::Configuration(
            problems.render(&source, terminal::has_colour(&std::io::stderr())),
        )),
    }
}

fn of_settings(
    settings: &TelemetrySettings,
    path: &Path,
) -> Result<(Target, Option<Secret>), Error> {
    let admin = settings.admin.as_ref();
    if settings.serves_debug()
        && let Some(target) = Target::of(&Listen::Tcp(settings.listen), false)
    {
        return Ok((target, None));
    }
    if let Some(admin) = admin
        && let Some(target) = Target::of(&admin.listen, admin.tls.is_some())
    {
        return Ok((target, token(admin)));
    }
    let path = path.display();
    Err(Error::Usage(
        match settings.serves_debug() || admin.is_some() {
            true => format!(
                "{path} has the agent listen on a port that the system chooses; its log says which: `--address HOST:PORT`"
            ),
            false => format!(
                "{path} has the agent serve /debug nowhere: `service.telemetry.listen` is no loopback address, and there is no \
             `[service.telemetry.admin]`"
            ),
        },
    ))
}

/// The token that is configured. A file that this user may not read is left to the agent's refusal.
fn token(admin: &Admin) -> Option<Secret> {
    let in_file = || {
        read_tokens(admin.token_file.as_deref()?)
            .ok()?
            .into_iter()
            .next()
    };
    admin.token.clone().or_else(in_file)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{DEFAULT, configured};

    #[test]
    fn the_default_is_that_of_the_shipped_configuration() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipeline.toml");
        assert_eq!(configured(&shipped).unwrap().0.to_string(), DEFAULT);
    }

    #[test]
    fn a_configuration_says_where_debug_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p.toml");
        let of = |telemetry: &str| {
            let text = format!(
                "[service.telemetry]\n{telemetry}\n[receivers.replay]\nfile = \"-\"\n[exporters.nop]\n\
                 [service.pipelines.p]\nreceivers = [\"replay\"]\nexporters = [\"nop\"]\n"
            );
            std::fs::write(&path, text).unwrap();
            let (target, token) = configured(&path).map_err(|error| format!("{error:?}"))?;
            Ok::<_, String>((
                target.to_string(),
                token.map(|token| token.expose().to_owned()),
            ))
        };
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
            (
                "listen = \"0.0.0.0:1\"\nadmin = { listen = \"0.0.0.0:2\", tls = { cert_file = \"c\", key_file = \"k\", client_ca_file = \"a\" } }",
                "https://127.0.0.1:2",
                None,
            ),
        ];
        for (telemetry, target, token) in cases {
            assert_eq!(
                of(telemetry),
                Ok((target.to_owned(), token.map(str::to_owned))),
                "{telemetry}"
            );
        }
        assert!(
            of("listen = \"0.0.0.0:1\"")
                .unwrap_err()
                .contains("serve /debug nowhere")
        );
        assert!(
            of("listen = \"127.0.0.1:0\"")
                .unwrap_err()
                .contains("its log says which")
        );
    }
}
