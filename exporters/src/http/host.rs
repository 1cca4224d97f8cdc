//! The `Host` headers that requests may have.
//!
//! A web page can make its own name resolve to an address of this host, and then read from the
//! browser what is served there (DNS rebinding). The `Host` header of such a request has the page's
//! name. It is therefore checked where flows are served, and on loopback addresses, which rely on
//! being reachable from this host only. Where only metrics and health are served to the
//! network, every name is allowed, because scrapers use names of services and pods.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, Version};

/// The hosts that a listener allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostRule {
    /// Any host.
    Any,
    /// Any host, for a unix socket: browsers do not connect to one.
    Socket,
    /// The names and addresses of this host, and configured names.
    Named {
        /// The address of the listener.
        address: IpAddr,
        /// The configured names, in lower case. One that begins with a dot allows its subdomains.
        names: Vec<String>,
    },
}

/// The response to a request whose host is not allowed.
pub type Refusal = (StatusCode, String);

impl HostRule {
    /// Returns the rule for a listener that is protected only if its address is a loopback address:
    /// the names of this host and `names` there, any host elsewhere.
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

    /// Checks the hosts in the `Host` header and in the target of a request.
    ///
    /// # Errors
    ///
    /// If there is no valid host, or one that is not allowed.
    pub fn check(&self, uri: &Uri, headers: &HeaderMap, version: Version) -> Result<(), Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let in_header = match (hosts.next(), hosts.next()) {
            (Some(host), None) => Some(
                parse(host.as_bytes())
                    .ok_or_else(|| bad_request("the Host header has no valid host"))?,
            ),
            (Some(_), Some(_)) => return Err(bad_request("there are several Host headers")),
            // Only HTTP/1.0 has requests without a host: those of health checks of load balancers,
            // and never those of a browser.
            (None, _) if version == Version::HTTP_10 => None,
            (None, _) => return Err(bad_request("there is no Host header")),
        };
        let in_target = match uri.authority() {
            Some(authority) => Some(
                parse(authority.as_str().as_bytes())
                    .ok_or_else(|| bad_request("the target has no valid host"))?,
            ),
            None => None,
        };
        let mut hosts = in_header.iter().chain(&in_target);
        match hosts.find(|host| !self.allows(host)) {
            Some(host) => Err(misdirected(host)),
            None => Ok(()),
        }
    }

    fn allows(&self, host: &str) -> bool {
        let Self::Named { address, names } = self else {
            return true;
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        // The zone of an IPv6 address names an interface of the client.
        if let Ok(ip) = bare.split('%').next().unwrap_or_default().parse::<IpAddr>() {
            let ip = ip.to_canonical();
            let is_local = ip.is_loopback() || ip == address.to_canonical();
            // DNS rebinding needs a name, so an address is safe unless it leads to a loopback one.
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
        "`{host}` is not an allowed host; add it to `allowed_hosts` in the configuration\n"
    );
    (StatusCode::MISDIRECTED_REQUEST, text)
}

fn bad_request(why: &str) -> Refusal {
    (StatusCode::BAD_REQUEST, format!("{why}\n"))
}

/// Returns the host in `host` or `host:port`, in lower case and without a final dot.
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

/// Parses a configured name: a host name, a dot and a domain, or an IP address. Returns it in the
/// form for [`HostRule`]; `None` if it is invalid.
#[must_use]
pub fn parse_allowed_host(text: &str) -> Option<String> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let bare = name.strip_prefix('.').unwrap_or(&name);
    let is_name = bare
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    (!bare.is_empty() && (is_name || bare.parse::<IpAddr>().is_ok())).then_some(name)
}

/// Whether only programs on this host can connect to a listener with this address.
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
    fn a_loopback_listener_allows_the_names_of_this_host_and_configured_ones() {
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
    fn another_listener_allows_any_address_and_configured_names() {
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
    fn a_request_without_exactly_one_valid_host_is_refused() {
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
    }

    #[test]
    fn a_request_of_http_1_0_needs_no_host() {
        for rule in [rule("127.0.0.1", &[]), HostRule::Socket, HostRule::Any] {
            let check = |target: &str, headers: &HeaderMap| {
                let checked = rule.check(&target.parse().unwrap(), headers, Version::HTTP_10);
                checked.is_ok()
            };
            assert!(check("/", &HeaderMap::new()), "{rule:?}");
            let foreign = [(HOST, HeaderValue::from_static("evil.example"))];
            let is_named = matches!(rule, HostRule::Named { .. });
            assert_eq!(check("/", &foreign.into_iter().collect()), !is_named);
            assert_eq!(check("http://evil.example/", &HeaderMap::new()), !is_named);
        }
    }

    #[test]
    fn the_host_in_the_target_is_checked_too() {
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
