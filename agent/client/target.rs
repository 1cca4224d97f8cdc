//! The address of an agent, as arguments and the agent's log have it.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use crate::config::{Listen, unix_path};

/// The address of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `HOST:PORT`, with or without TLS.
    Tcp { authority: String, tls: bool },
    /// The path of a unix socket.
    Unix(PathBuf),
}

impl Target {
    /// Parses `HOST:PORT`, the same as a URL, `unix:PATH`, or a path.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = unix_path(text) {
            return match path {
                "" => Err(format!(
                    "`{text}` has no path: write `unix:/run/tidegate/admin.sock`"
                )),
                path => Ok(Self::Unix(PathBuf::from(path))),
            };
        }
        let (tls, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => (false, text),
        };
        let authority = rest.trim_end_matches('/');
        let is_authority = authority.rsplit_once(':').is_some_and(|(host, port)| {
            let is_host = !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']);
            is_host && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        match is_authority {
            true => Ok(Self::Tcp {
                authority: authority.to_owned(),
                tls,
            }),
            false => Err(format!(
                "`{text}` is not an address: write HOST:PORT, https://HOST:PORT or unix:PATH"
            )),
        }
    }

    /// The address of an agent on this host; `None` if the system chooses its port.
    pub(super) fn of_listener(listen: &Listen, tls: bool) -> Option<Self> {
        match listen {
            Listen::Unix(path) => Some(Self::Unix(path.clone())),
            Listen::Tcp(address) if address.port() == 0 => None,
            Listen::Tcp(address) => Some(Self::Tcp {
                authority: local_address(*address).to_string(),
                tls,
            }),
        }
    }

    /// The value of the `Host` header.
    pub(super) fn host(&self) -> &str {
        match self {
            Self::Tcp { authority, .. } => authority,
            Self::Unix(_) => "localhost",
        }
    }
}

/// The address that reaches a listener from this host.
fn local_address(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp {
                authority,
                tls: true,
            } => write!(f, "https://{authority}"),
            Self::Tcp { authority, .. } => f.write_str(authority),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn addresses_are_parsed_in_every_form_that_the_agent_logs() {
        let cases = [
            ("127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:1"),
            ("http://127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:1"),
            ("http://127.0.0.1:1/", "127.0.0.1:1", "127.0.0.1:1"),
            ("localhost:9464", "localhost:9464", "localhost:9464"),
            ("[::1]:1", "[::1]:1", "[::1]:1"),
            ("https://node-1:9465/", "https://node-1:9465", "node-1:9465"),
            ("unix:/run/a.sock", "unix:/run/a.sock", "localhost"),
            ("/run/a.sock", "unix:/run/a.sock", "localhost"),
        ];
        for (text, shown, host) in cases {
            let target = Target::parse(text).unwrap();
            assert_eq!(
                (target.to_string().as_str(), target.host()),
                (shown, host),
                "{text}"
            );
        }
        for text in [
            "",
            "localhost",
            "127.0.0.1:",
            "127.0.0.1:0",
            "127.0.0.1:70000",
            ":1",
            "unix:",
            "http://a:1/debug",
            "u@a:1",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_listener_is_reached_at_a_local_address() {
        let cases = [
            ("127.0.0.1:9464", Some("127.0.0.1:9464")),
            ("0.0.0.0:9465", Some("127.0.0.1:9465")),
            ("[::]:9465", Some("[::1]:9465")),
            ("unix:/run/a", Some("unix:/run/a")),
            ("127.0.0.1:0", None),
        ];
        for (listen, expected) in cases {
            let target = Target::of_listener(&listen.parse().unwrap(), false);
            assert_eq!(
                target.map(|target| target.to_string()).as_deref(),
                expected,
                "{listen}"
            );
        }
    }
}
