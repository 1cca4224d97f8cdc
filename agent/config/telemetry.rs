//! The section `[service.telemetry]`: the agent's own listeners and who may use them.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

use tidegate_exporters::http::{is_loopback, parse_allowed_host};
use tidegate_runtime::component::Lint;
use tidegate_runtime::config::ListenAddress;
use toml::Spanned;

use super::listen::Listen;
use super::own_telemetry::OwnTelemetryTable;
use super::secret::Secret;
use super::{Problem, Problems};

/// The agent's own listeners.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Telemetry {
    /// The address of metrics and health.
    pub(crate) listen: SocketAddr,
    /// Host names that are allowed in addition while that is a loopback address.
    pub(crate) allowed_hosts: Vec<String>,
    /// The listener for `/debug`; the only one if [`Self::listen`] is not a loopback address.
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

tidegate_runtime::config_table! {
    /// Files for TLS. They are read when the agent starts and at each reload.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Tls {
        /// PEM file of the server certificate. With it, the listener accepts only TLS.
        #[sample = "\"/etc/tidegate/admin.pem\""]
        pub(crate) cert_file: PathBuf,
        /// PEM file of the server certificate's private key.
        #[sample = "\"/etc/tidegate/admin.key\""]
        pub(crate) key_file: PathBuf,
        /// PEM file of the certificate authority that signs client certificates. With it, clients
        /// must present one.
        #[sample = "\"/etc/tidegate/clients.pem\""]
        pub(crate) client_ca_file: Option<PathBuf> = None,
    }
}

/// The places of addresses in the file; empty for those that are not given.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddressSpans {
    pub(crate) listen: Range<usize>,
    pub(crate) admin_listen: Range<usize>,
}

tidegate_runtime::config_table! {
    /// The agent's own metrics, health and ledger.
    #[derive(Debug)]
    pub(super) struct TelemetryTable {
        /// Where /metrics, /healthz and /readyz are served and, on a loopback address, /debug. Port 0
        /// takes a free one, which is logged.
        listen: Spanned<ListenAddress> = Spanned::new(0..0, ListenAddress::local(9464)),
        /// Additional names that requests to a loopback address may have in their Host header, such
        /// as that of a proxy in front of it. ".example.org" allows all names below it.
        allowed_hosts: Vec<Spanned<String>> = Vec::new(),
        /// A separate listener for /debug: the ledger, and taps that show flows.
        admin: Option<AdminTable> = None,
        /// Sends the agent's own metrics, log and spans as OTLP over gRPC. It is off without this
        /// table. The variables of the OpenTelemetry specification are defaults of the keys. See
        /// docs/self-telemetry.md.
        pub(super) otlp: Option<OwnTelemetryTable> = None,
    }
}

tidegate_runtime::config_table! {
    /// A separate listener for /debug: the ledger, and taps that show flows. See docs/security.md.
    #[derive(Debug)]
    pub(super) struct AdminTable {
        /// A unix socket such as "unix:/run/tidegate/admin.sock", which gets mode 0660, or an IP
        /// address and port. An address other than loopback requires `token_file`, `token` or
        /// `tls.client_ca_file`.
        #[sample = "\"127.0.0.1:9465\""]
        listen: Spanned<Listen>,
        /// File of bearer tokens, one per line, each of which grants access. It is read at the start
        /// and at each reload.
        #[sample = "\"/etc/tidegate/admin.token\""]
        token_file: Option<Spanned<PathBuf>> = None,
        /// A bearer token, preferably from the environment.
        #[sample = "\"${env:TIDEGATE_TOKEN}\""]
        token: Option<Spanned<Secret>> = None,
        /// Files for TLS.
        tls: Option<Spanned<Tls>> = None,
        /// Additional names that requests may have in their Host header, besides IP addresses and the
        /// host name.
        allowed_hosts: Vec<Spanned<String>> = Vec::new(),
        /// Whether /debug is served here alone, even if `service.telemetry.listen` is a loopback
        /// address, which every user of the host can reach.
        exclusive: bool = false,
    }
}

impl TelemetryTable {
    /// Checks the keys against each other.
    pub(super) fn resolve(self, problems: &mut Problems) -> (Telemetry, AddressSpans) {
        let listen = self.listen;
        let admin_listen = self
            .admin
            .as_ref()
            .map_or(0..0, |admin| admin.listen.span());
        let places = AddressSpans {
            listen: listen.span(),
            admin_listen,
        };
        let telemetry = Telemetry {
            listen: listen.into_inner().get(),
            allowed_hosts: hosts(self.allowed_hosts, "service.telemetry", problems),
            admin: self.admin.map(|admin| admin.resolve(problems)),
        };
        (telemetry, places)
    }
}

impl AdminTable {
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
            problems.push(wrong("token_file", file.span(), "the path is empty"));
        }
        self.check_access(problems);
    }

    /// Checks that only authorized clients can read flows.
    fn check_access(&self, problems: &mut Problems) {
        let requires_certificates = self
            .tls
            .as_ref()
            .is_some_and(|tls| tls.get_ref().client_ca_file.is_some());
        let is_restricted =
            self.token.is_some() || self.token_file.is_some() || requires_certificates;
        match self.listen.get_ref() {
            Listen::Unix(_) => {
                if let Some(tls) = &self.tls {
                    let label = "a unix socket is local and has no TLS";
                    problems.push(wrong("tls", tls.span(), label));
                }
            }
            Listen::Tcp(_) if !is_restricted && !self.listen.get_ref().is_local() => {
                let title = format!("`{SECTION}` would show every flow to anyone who can reach it");
                let help = "add `token_file = \"/etc/tidegate/admin.token\"`, or `tls` with `cert_file`, `key_file` and \
                            `client_ca_file`; or listen on \"unix:/run/tidegate/admin.sock\" or a loopback address";
                problems.push(
                    Problem::new(title, self.listen.span())
                        .label("not a loopback address")
                        .help(help),
                );
            }
            Listen::Tcp(_) if self.tls.is_none() && !self.listen.get_ref().is_local() => {
                let title = "tokens and flows can be read on the network";
                let lint = Lint::PlainTextCredentials;
                problems.push(
                    Problem::warning(lint, title, self.listen.span())
                        .label("not a loopback address, and without TLS")
                        .help("set `tls.cert_file` and `tls.key_file`"),
                );
            }
            Listen::Tcp(_) => {}
        }
    }
}

/// The error of a wrong value of the admin listener.
fn wrong(key: &str, span: Range<usize>, label: &str) -> Problem {
    Problem::new(format!("wrong value in `{SECTION}.{key}`"), span).label(label)
}

const SECTION: &str = "service.telemetry.admin";

/// Returns the names in lower case. Invalid names are problems.
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
