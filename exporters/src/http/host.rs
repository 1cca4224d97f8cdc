//! Which `Host` headers requests may have.
//!
//! A page in a browser can have its own name resolve to an address of this host and then read
//! whatever is served there (DNS rebinding). Such requests have the page's name in their `Host`
//! header, so names are checked wherever flows are served and on loopback addresses, which rely on
//! nobody else being able to connect. Where only metrics and health are served, for everyone who
//! can connect, scrapers use any name of a service or pod, and all are allowed.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, Version};

/// The rule of one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostRule {
    /// Any host, or none in HTTP/1.0.
    Any,
    /// Any host, of a unix socket: those who can open its file are no browsers.
    Socket,
    /// Names and addresses of this host, and some names.
    Named {
        /// The address that is listened on.
        address: IpAddr,
        /// Names that are allowed, in lower case; those that begin with a dot with all names below.
        names: Vec<String>,
    },
}

/// Why a request is refused.
pub type Refusal = (StatusCode, String);

impl HostRule {
    /// The rule for a loopback address, which names of this host and further ones are allowed for;
    /// any host for another address.
    #[must_use]
    pub fn for_loopback(listen: SocketAddr, names: &[String]) -> Self {
        match is_loopback(&listen) {
            true => Self::Named {
                address: listen.ip(),
                names: names.to_vec(),
            },
            false => Self::Any,
        }
    }

    /// Checks the host of a request: that of its `Host` header, and that of its target if it has
    /// one there.
    ///
    /// # Errors
    /// The answer to a request that has none, or one that is not allowed.
    pub fn check(&self, uri: &Uri, headers: &HeaderMap, version: Version) -> Result<(), Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let (first, second) = (hosts.next(), hosts.next());
        let in_header = match (first, second) {
            (Some(host), None) => {
                Some(parse(host.as_bytes()).ok_or_else(|| bad("the Host header is no host"))?)
            }
            (Some(_), Some(_)) => return Err(bad("there are several Host headers")),
            (None, _) if *self == Self::Any && version == Version::HTTP_10 => None,
            (None, _) => return Err(bad("there is no Host header")),
        };
        let in_target = match uri.authority() {
            Some(authority) => Some(
                parse(authority.as_str().as_bytes())
                    .ok_or_else(|| bad("the target has no host"))?,
            ),
            None => None,
        };
        match in_header
            .iter()
            .chain(&in_target)
            .find(|host| !self.allows(host))
        {
            Some(host) => Err(misdirected(host)),
            None => Ok(()),
        }
    }

    fn allows(&self, host: &str) -> bool {
        let Self::Named { address, names } = self else {
            return true;
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        // A zone names an interface of the client.
        if let Ok(ip) = bare.split('%').next().unwrap_or_default().parse::<IpAddr>() {
            let ip = ip.to_canonical();
            let is_local = ip.is_loopback() || ip == address.to_canonical();
            // No name, so no name that resolves to something else.
            let is_any = !address.to_canonical().is_loopback();
            return is_local || is_any || names.iter().any(|name| *name == bare);
        }
        let is_localhost = host == "localhost" || host.ends_with(".localhost");
        let is_named = |name: &String| match name.strip_prefix('.') {
            Some(_) => host.ends_with(name.as_str()),
            None => *name == host,
        };
        is_localhost || names.iter().any(is_named)
    }
}

fn misdirected(host: &str) -> Refusal {
    let text = format!(
        "`{host}` is no name of this listener; its `allowed_hosts` in the configuration adds names\n"
    );
    (StatusCode::MISDIRECTED_REQUEST, text)
}

fn bad(why: &str) -> Refusal {
    (StatusCode::BAD_REQUEST, format!("{why}\n"))
}

/// The host in `host` or `host:port`, in lower case and without a final dot.
fn parse(text: &[u8]) -> Option<String> {
    let authority = Authority::try_from(text).ok()?;
    let host = authority.host();
    let port = authority.as_str().strip_prefix(host)?;
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')?
            .bytes()
            .all(|byte| byte.is_ascii_digit());
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    (is_port && !host.is_empty()).then_some(host)
}

/// A name that can be allowed, as it is compared: a host name, the end of one that begins with a
/// dot, or an IP address.
#[must_use]
pub fn allowed_name(text: &str) -> Option<String> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let bare = name.strip_prefix('.').unwrap_or(&name);
    let is_name = bare
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    (!bare.is_empty() && (is_name || bare.parse::<IpAddr>().is_ok())).then_some(name)
}

/// Whether programs of this host alone can connect to an address that is listened on.
#[must_use]
pub fn is_loopback(listen: &SocketAddr) -> bool {
    listen.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use axum::http::header::HOST;
    use axum::http::{HeaderMap, HeaderValue, Uri, Version};

    use super::HostRule;

    fn status(rule: &HostRule, target: &str, hosts: &[&str]) -> u16 {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        let checked = rule.check(&target.parse::<Uri>().unwrap(), &headers, Version::HTTP_11);
        checked.map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

    fn rule(address: &str, names: &[&str]) -> HostRule {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        HostRule::Named {
            address: address.parse().unwrap(),
            names,
        }
    }

    #[test]
    fn a_loopback_address_is_asked_for_by_its_names_only() {
        let rule = rule("127.0.0.1", &["proxy.example.org", ".svc.cluster.local"]);
        let allowed = [
            "localhost",
            "LOCALHOST:1",
            "localhost.",
            "a.localhost:80",
            "127.0.0.1:9464",
            "127.1.2.3",
            "[::1]:9464",
            "[::ffff:127.0.0.1]",
            "proxy.example.org",
            "x.y.svc.cluster.local:80",
        ];
        for host in allowed {
            assert_eq!(status(&rule, "/", &[host]), 200, "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "192.0.2.1",
            "xsvc.cluster.local",
        ] {
            assert_eq!(status(&rule, "/", &[host]), 421, "{host}");
        }
    }

    #[test]
    fn another_address_is_asked_for_by_any_address_and_the_hosts_names() {
        let rule = rule(
            "0.0.0.0",
            &["admin.example.org", "node7", "node7.example.net"],
        );
        let allowed = [
            "192.0.2.1:9465",
            "[2001:db8::1]",
            "[fe80::1%25eth0]",
            "[fe80::1%2]:9465",
            "localhost",
            "node7",
            "NODE7.example.net",
            "admin.example.org",
        ];
        for host in allowed {
            assert_eq!(status(&rule, "/", &[host]), 200, "{host}");
        }
        assert_eq!(status(&rule, "/", &["evil.example"]), 421);
    }

    #[test]
    fn a_request_without_one_proper_host_is_refused() {
        for rule in [rule("127.0.0.1", &[]), HostRule::Socket, HostRule::Any] {
            let cases: [&[&str]; 7] = [
                &[],
                &[""],
                &["a b"],
                &["localhost:x"],
                &["user@localhost"],
                &["localhost", "localhost"],
                &[":80"],
            ];
            for hosts in cases {
                assert_eq!(status(&rule, "/", hosts), 400, "{rule:?} {hosts:?}");
            }
        }
        assert!(
            HostRule::Any
                .check(&Uri::from_static("/"), &HeaderMap::new(), Version::HTTP_10)
                .is_ok()
        );
    }

    #[test]
    fn the_host_in_a_target_counts_too() {
        let rule = rule("127.0.0.1", &[]);
        assert_eq!(
            status(&rule, "http://localhost/debug/ledger", &["localhost"]),
            200
        );
        assert_eq!(
            status(&rule, "http://evil.example/debug/ledger", &["localhost"]),
            421
        );
        assert_eq!(
            status(&rule, "http://localhost/debug/ledger", &["evil.example"]),
            421
        );
    }
}
