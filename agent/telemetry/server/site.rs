//! The pages of a listener, and the rules for access to them.

use std::fmt::{self, Debug, Formatter};
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use tidegate_exporters::http::{HostRule, Index, Page, is_loopback, is_read, method_not_allowed};
use tokio_rustls::TlsAcceptor;

use super::access::{TokenFileError, Tokens};
use super::tls::{FileHashes, ServerTls, TlsError};
use crate::config::{Admin, HOSTNAME, Listen, TelemetrySettings};
use crate::telemetry::pages::{PAGES, PageInfo, is_debug};

/// The pages of a listener, behind its rules.
#[derive(Clone)]
pub(super) struct Site {
    rules: Arc<Rules>,
    pub(super) router: Router,
    pub(super) acceptor: Option<TlsAcceptor>,
}

/// The rules of a listener.
#[derive(Debug, PartialEq)]
struct Rules {
    name: &'static str,
    pages: Pages,
    hosts: HostRule,
    tokens: Tokens,
    /// Hashes of the TLS files.
    tls: Option<FileHashes>,
}

/// The pages that a listener serves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pages {
    All,
    /// Metrics and health, which are not confidential.
    Metrics,
    /// `/debug`.
    Debug,
}

/// Why the files of the admin listener cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    #[error("wrong `service.telemetry.admin.token_file`")]
    Tokens(#[from] TokenFileError),
    #[error("wrong `service.telemetry.admin.tls`")]
    Tls(#[from] TlsError),
}

impl Debug for Site {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.rules.fmt(f)
    }
}

impl Site {
    /// The site of `service.telemetry.listen`.
    pub(super) fn of_telemetry(settings: &TelemetrySettings, router: &Router) -> Self {
        let rules = Rules {
            name: "telemetry",
            pages: if settings.serves_debug() {
                Pages::All
            } else {
                Pages::Metrics
            },
            hosts: HostRule::for_loopback(settings.listen, &settings.allowed_hosts),
            tokens: Tokens::default(),
            tls: None,
        };
        Self::new(rules, router, None)
    }

    /// The site of `service.telemetry.admin`; reads its files.
    pub(super) fn of_admin(admin: &Admin, router: &Router) -> Result<Self, AccessError> {
        let tls = admin.tls.as_ref().map(ServerTls::read).transpose()?;
        let rules = Rules {
            name: "admin",
            pages: Pages::Debug,
            hosts: admin_hosts(admin),
            tokens: Tokens::of(admin)?,
            tls: tls.as_ref().map(|tls| tls.files.clone()),
        };
        Ok(Self::new(rules, router, tls.map(|tls| tls.acceptor)))
    }

    fn new(rules: Rules, router: &Router, acceptor: Option<TlsAcceptor>) -> Self {
        let rules = Arc::new(rules);
        let guarded = middleware::from_fn_with_state(Arc::clone(&rules), answer);
        Self {
            rules,
            router: router.clone().layer(guarded),
            acceptor,
        }
    }

    /// Whether both have the same rules and the same certificate.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.rules == other.rules
    }

    /// Whether both have the same rules for access. The certificate is none of them: it is for new
    /// connections.
    pub(super) fn has_same_access(&self, other: &Self) -> bool {
        let clients = |rules: &Rules| rules.tls.as_ref().map(|tls| tls.client_ca);
        let mine = &*self.rules;
        let others = &*other.rules;
        mine.name == others.name
            && mine.pages == others.pages
            && mine.hosts == others.hosts
            && mine.tokens == others.tokens
            && clients(mine) == clients(others)
    }
}

async fn answer(State(rules): State<Arc<Rules>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    // Without the query: the filters of a tap may be confidential.
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let response = match rules.own_response(&request) {
        Some(response) => response,
        None => next.run(request).await,
    };
    tracing::debug!(
        listener = rules.name,
        %method,
        path,
        status = response.status().as_u16(),
        took = ?start.elapsed(),
        "answered a request"
    );
    response
}

impl Rules {
    /// The response to a request that is not for one of the pages.
    fn own_response(&self, request: &Request) -> Option<Response> {
        if let Some(refusal) = self.refusal(request) {
            return Some(refusal);
        }
        if !is_read(request.method()) {
            return Some(method_not_allowed(request.method()));
        }
        let is_list = matches!(request.uri().path(), "/" | "/debug" | "/debug/");
        is_list.then(|| self.pages.index().respond(request.headers()))
    }

    /// Checks the host, then the token, then the page: a client without access cannot find out
    /// which pages exist.
    fn refusal(&self, request: &Request) -> Option<Response> {
        if let Err(refusal) = self
            .hosts
            .check(request.uri(), request.headers(), request.version())
        {
            return Some(refusal.into_response());
        }
        if !self.tokens.allow(request.headers()) {
            let text = "this needs a bearer token\n";
            return Some(
                (
                    StatusCode::UNAUTHORIZED,
                    [(WWW_AUTHENTICATE, "Bearer")],
                    text,
                )
                    .into_response(),
            );
        }
        let path = request.uri().path();
        let note = match self.pages {
            Pages::Metrics if is_debug(path) => NOT_HERE,
            Pages::Debug if !is_debug(path) && path != "/" => NOT_ON_ADMIN,
            _ => return None,
        };
        Some((StatusCode::NOT_FOUND, format!("{note}\n")).into_response())
    }
}

impl Pages {
    /// The list of the pages.
    fn index(self) -> Index {
        let is_served = |page: &&PageInfo| match self {
            Self::All => true,
            Self::Metrics => !is_debug(page.path),
            Self::Debug => is_debug(page.path),
        };
        let pages = PAGES.iter().filter(is_served).map(|page| Page {
            path: page.path.into(),
            about: page.about,
        });
        Index {
            title: concat!("tidegate ", env!("CARGO_PKG_VERSION")).into(),
            pages: pages.collect(),
            note: match self {
                Self::All => "",
                Self::Metrics => NOT_HERE,
                Self::Debug => NOT_ON_ADMIN,
            },
        }
    }
}

const NOT_HERE: &str =
    "/debug is not served on this address; see `[service.telemetry.admin] listen`";
const NOT_ON_ADMIN: &str =
    "this listener serves only /debug; see `[service.telemetry] listen` for other pages";

/// The hosts of the admin listener: names of this machine, and those that are configured.
fn admin_hosts(admin: &Admin) -> HostRule {
    let Listen::Tcp(address) = &admin.listen else {
        return HostRule::Socket;
    };
    let mut names = admin.allowed_hosts.clone();
    if !is_loopback(address) {
        names.extend(machine_names(
            &fs::read_to_string(HOSTNAME).unwrap_or_default(),
        ));
    }
    HostRule::Named {
        address: address.ip(),
        names,
    }
}

/// The name of the machine, in full and up to its first dot.
fn machine_names(kernel: &str) -> Vec<String> {
    let full = kernel.trim().to_ascii_lowercase();
    let short = full.split('.').next().unwrap_or_default().to_owned();
    [full, short]
        .into_iter()
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::machine_names;

    #[test]
    fn a_machine_has_a_full_and_a_short_name() {
        assert_eq!(
            machine_names("Node7.example.net\n"),
            ["node7.example.net", "node7"]
        );
        assert_eq!(machine_names(""), [""; 0]);
    }
}
