//! The section `[service.telemetry]`: where the agent serves its own pages, and who may read them.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

use serde::Deserialize;
use tidegate_exporters::http::{is_loopback, parse_allowed_host};
use tidegate_runtime::component::Key;
use toml::Spanned;

use super::listen::Listen;
use super::secret::Secret;
use super::{Problem, Problems};

/// Keys of `[service.telemetry]`.
pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "listen",
        default: "\"127.0.0.1:9464\"",
        effect: "where the agent serves /metrics, /healthz and /readyz about itself, and /debug while this is a loopback address; port 0 takes a free one, which is logged",
    },
    Key {
        name: "allowed_hosts",
        default: "[]",
        effect: "further names that requests to a loopback address may have in their Host header, such as that of a proxy in front of it; \".example.org\" allows all names below",
    },
];

/// Keys of `[service.telemetry.admin]`.
pub(crate) const ADMIN_KEYS: &[Key] = &[
    Key {
        name: "listen",
        default: "",
        effect: "where /debug is served if not, or not only, on a loopback address: \"unix:/run/tidegate/admin.sock\", a socket of mode 0660, or an IP address and port, which outside loopback needs `token_file`, `token` or `tls.client_ca_file`",
    },
    Key {
        name: "token_file",
        default: "",
        effect: "file of bearer tokens, one a line, any of which lets a client in; it is read at the start and at each reload",
    },
    Key {
        name: "token",
        default: "",
        effect: "a bearer token, best taken from the environment",
    },
    Key {
        name: "tls.cert_file",
        default: "",
        effect: "PEM file of the certificate to show to clients; with it, the listener speaks TLS only",
    },
    Key {
        name: "tls.key_file",
        default: "",
        effect: "PEM file of that certificate's private key",
    },
    Key {
        name: "tls.client_ca_file",
        default: "",
        effect: "PEM file of who signs the certificates of clients; with it, clients have to show one",
    },
    Key {
        name: "allowed_hosts",
        default: "[]",
        effect: "further names that requests may have in their Host header, beside IP addresses and the host's own name",
    },
    Key {
        name: "exclusive",
        default: "false",
        effect: "whether /debug is served here alone, even if `service.telemetry.listen` is a loopback address, which every user of the host can reach",
    },
];

/// Where the agent serves its pages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Telemetry {
    /// Metrics and health.
    pub(crate) listen: SocketAddr,
    /// Host names that are allowed beside the usual ones while that is a loopback address.
    pub(crate) allowed_hosts: Vec<String>,
    /// Further, and where [`Self::listen`] is no loopback address only, for `/debug`.
    pub(crate) admin: Option<Admin>,
}

impl Telemetry {
    /// Whether `/debug` is served on [`Self::listen`].
    pub(crate) fn serves_debug(&self) -> bool {
        is_loopback(&self.listen) && !self.admin.as_ref().is_some_and(|admin| admin.exclusive)
    }
}

/// The admin listener.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Admin {
    pub(crate) listen: Listen,
    pub(crate) token: Option<Secret>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) tls: Option<Tls>,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) exclusive: bool,
}

impl Admin {
    /// Whether what clients send crosses the network as it is.
    pub(crate) fn shows_tokens(&self) -> bool {
        !self.listen.is_local() && self.tls.is_none()
    }
}

/// Files for TLS.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) cert_file: PathBuf,
    pub(crate) key_file: PathBuf,
    pub(crate) client_ca_file: Option<PathBuf>,
}

/// Where values stand in the file; empty for what is not there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) listen: Range<usize>,
    pub(crate) admin_listen: Range<usize>,
}

/// The section as it is in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TelemetryFile {
    listen: Option<Spanned<SocketAddr>>,
    allowed_hosts: Vec<Spanned<String>>,
    admin: Option<AdminFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdminFile {
    listen: Spanned<Listen>,
    token: Option<Spanned<Secret>>,
    token_file: Option<Spanned<PathBuf>>,
    tls: Option<Spanned<Tls>>,
    #[serde(default)]
    allowed_hosts: Vec<Spanned<String>>,
    #[serde(default)]
    exclusive: bool,
}

impl TelemetryFile {
    /// Fills in the defaults, and finds what does not fit together.
    pub(super) fn resolve(self, problems: &mut Problems) -> (Telemetry, Places) {
        let listen = self
            .listen
            .unwrap_or_else(|| Spanned::new(0..0, ([127, 0, 0, 1], 9464).into()));
        let admin_listen = self
            .admin
            .as_ref()
            .map_or(0..0, |admin| admin.listen.span());
        let places = Places {
            listen: listen.span(),
            admin_listen,
        };
        let telemetry = Telemetry {
            listen: listen.into_inner(),
            allowed_hosts: hosts(self.allowed_hosts, "service.telemetry", problems),
            admin: self.admin.map(|admin| admin.resolve(problems)),
        };
        (telemetry, places)
    }
}

impl AdminFile {
    fn resolve(self, problems: &mut Problems) -> Admin {
        self.check(problems);
        Admin {
            listen: self.listen.into_inner(),
            token: self.token.map(Spanned::into_inner),
            token_file: self.token_file.map(Spanned::into_inner),
            tls: self.tls.map(Spanned::into_inner),
            allowed_hosts: hosts(self.allowed_hosts, SECTION, problems),
            exclusive: self.exclusive,
        }
    }

    fn check(&self, problems: &mut Problems) {
        let wrong = |key: &str, span, label: &str| {
            Problem::new(format!("wrong value in `{SECTION}.{key}`"), span).label(label)
        };
        if let Some((token, why)) = self
            .token
            .as_ref()
            .and_then(|token| Some((token, token.get_ref().not_a_token()?)))
        {
            problems.push(wrong("token", token.span(), why));
        }
        if let Some(file) = self
            .token_file
            .as_ref()
            .filter(|file| file.get_ref().as_os_str().is_empty())
        {
            problems.push(wrong("token_file", file.span(), "no path is given"));
        }
        let asks_for_certificates = self
            .tls
            .as_ref()
            .is_some_and(|tls| tls.get_ref().client_ca_file.is_some());
        let lets_in_few =
            self.token.is_some() || self.token_file.is_some() || asks_for_certificates;
        match self.listen.get_ref() {
            Listen::Unix(_) => {
                if let Some(tls) = &self.tls {
                    problems.push(wrong(
                        "tls",
                        tls.span(),
                        "a unix socket is local, and has no TLS",
                    ));
                }
            }
            Listen::Tcp(_) if !lets_in_few && !self.listen.get_ref().is_local() => {
                let title = format!("`{SECTION}` would show every flow to anyone who can reach it");
                let help = "add `token_file = \"/etc/tidegate/admin.token\"`, or `tls` with `cert_file`, `key_file` and \
                            `client_ca_file`; or listen on \"unix:/run/tidegate/admin.sock\" or a loopback address";
                problems.push(
                    Problem::new(title, self.listen.span())
                        .label("not a loopback address")
                        .help(help),
                );
            }
            Listen::Tcp(_) => {}
        }
    }
}

const SECTION: &str = "service.telemetry.admin";

/// Names in lower case; what is no name is a problem.
fn hosts(names: Vec<Spanned<String>>, section: &str, problems: &mut Problems) -> Vec<String> {
    let mut read = Vec::new();
    for name in names {
        if let Some(allowed) = parse_allowed_host(name.get_ref()) {
            read.push(allowed);
            continue;
        }
        let title = format!("wrong value in `{section}.allowed_hosts`");
        let label = "not a host name or an IP address, without scheme and port";
        problems.push(Problem::new(title, name.span()).label(label));
    }
    read
}
