//! Addresses to listen on.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use toml::Value;

use super::HELP;
use super::declaration::{Setting, Shape};

/// An IP address and a TCP port to listen on. The host `localhost` is 127.0.0.1, to which Go programs
/// bind it, too; no other name is accepted, since which address it has is known only by a resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddress(SocketAddr);

impl ListenAddress {
    /// A port of 127.0.0.1.
    #[must_use]
    pub const fn local(port: u16) -> Self {
        Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }

    /// The address.
    #[must_use]
    pub const fn get(self) -> SocketAddr {
        self.0
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self(address)
    }
}

impl Display for ListenAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is not an address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    /// What is wrong.
    pub reason: String,
    /// What to write.
    pub help: String,
}

impl Display for AddressError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{HELP}{}", self.reason, self.help)
    }
}

impl FromStr for ListenAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Ok(address) = text.parse() {
            return Ok(Self(address));
        }
        let local = text
            .rsplit_once(':')
            .filter(|(host, _)| host.eq_ignore_ascii_case("localhost"))
            .and_then(|(_, port)| parse_port(port));
        local.map(Self::local).ok_or_else(|| explain(text))
    }
}

/// A port in decimal digits.
fn parse_port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// What is wrong with a text that is not an address.
fn explain(text: &str) -> AddressError {
    if text.starts_with("unix:") || text.starts_with('/') {
        let help = "write an IP address and a port, such as \"127.0.0.1:9464\"";
        return error("a unix socket is not possible here", help);
    }
    if let Some((_, rest)) = text.split_once("://") {
        let authority = rest.split('/').next().unwrap_or(rest);
        let reason = "an address to listen on is not a URL";
        return match authority.parse::<ListenAddress>() {
            Ok(_) => error(reason, format!("write \"{authority}\"")),
            Err(error) => AddressError {
                reason: reason.to_owned(),
                ..error
            },
        };
    }
    let host = text.trim_matches(['[', ']']);
    if host.parse::<Ipv6Addr>().is_ok() {
        let help = "an IPv6 address is in brackets, with a port after it: \"[::1]:9464\"";
        return error("the address has no brackets and port", help);
    }
    if host.parse::<Ipv4Addr>().is_ok() || host.eq_ignore_ascii_case("localhost") {
        return error("the address has no port", format!("write \"{host}:9464\""));
    }
    match text.rsplit_once(':') {
        None => without_host(parse_port(text)),
        Some(("" | "*", port)) if parse_port(port).is_some() => without_host(parse_port(port)),
        Some((host, port)) => with_host(host, port),
    }
}

/// The error of a text without a host.
fn without_host(port: Option<u16>) -> AddressError {
    let Some(port) = port else {
        let help = "write an IP address and a port, such as \"127.0.0.1:9464\" or \"[::1]:9464\"";
        return error("this is not an address", help);
    };
    let help = format!(
        "write \"127.0.0.1:{port}\" for this host alone, \"0.0.0.0:{port}\" for all IPv4 addresses, \
         or \"[::]:{port}\" for all addresses"
    );
    error("the address has no host", help)
}

/// The error of a text with something before its last colon.
fn with_host(host: &str, port: &str) -> AddressError {
    let is_ip = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    if parse_port(port).is_none() {
        let reason = format!("`{port}` is not a port from 0 to 65535");
        return error(reason, format!("write a number, as in \"{host}:9464\""));
    }
    if is_ip {
        let bare = host.trim_matches(['[', ']']);
        let right = match bare.parse::<Ipv4Addr>() {
            Ok(_) => format!("{bare}:{port}"),
            Err(_) => format!("[{bare}]:{port}"),
        };
        let reason = "the brackets are for IPv6 addresses";
        return error(reason, format!("write \"{right}\""));
    }
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    if host.is_empty() || host.contains(':') || host.chars().all(is_number) {
        let help = "write one such as \"127.0.0.1:9464\" or \"[::1]:9464\"";
        return error(format!("`{host}` is not an IP address"), help);
    }
    let help = format!(
        "write its IP address, as names are not looked up, or \"0.0.0.0:{port}\" for all IPv4 \
         addresses; \"localhost:{port}\" is 127.0.0.1"
    );
    error(format!("`{host}` is not an IP address"), help)
}

fn error(reason: impl Into<String>, help: impl Into<String>) -> AddressError {
    AddressError {
        reason: reason.into(),
        help: help.into(),
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AddressVisitor)
    }
}

struct AddressVisitor;

impl Visitor<'_> for AddressVisitor {
    type Value = ListenAddress;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("an IP address and a port, such as \"127.0.0.1:9464\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ListenAddress, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<ListenAddress, E> {
        self.visit_str(&number.to_string())
    }
}

impl Setting for ListenAddress {
    fn shape() -> Shape {
        let pattern = Some(
            r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]|[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]):[0-9]{1,5}$",
        );
        Shape::Text { pattern }
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::ListenAddress;

    #[test]
    fn an_ip_address_or_localhost_with_a_port_is_an_address() {
        let cases = [
            ("127.0.0.1:9464", "127.0.0.1:9464"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::1]:9464", "[::1]:9464"),
            ("[fe80::1%2]:9464", "[fe80::1%2]:9464"),
            ("localhost:9464", "127.0.0.1:9464"),
            ("LocalHost:0", "127.0.0.1:0"),
        ];
        for (text, expected) in cases {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), expected, "{text}");
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn the_error_of_another_text_says_what_to_write() {
        let all = "write \"127.0.0.1:9464\" for this host alone, \"0.0.0.0:9464\" for all IPv4 \
                   addresses, or \"[::]:9464\" for all addresses";
        let port = "write a number, as in \"127.0.0.1:9464\"";
        let name = "write its IP address, as names are not looked up, or \"0.0.0.0:9464\" for all \
                    IPv4 addresses; \"localhost:9464\" is 127.0.0.1";
        let v6 = "an IPv6 address is in brackets, with a port after it: \"[::1]:9464\"";
        let one = "write one such as \"127.0.0.1:9464\" or \"[::1]:9464\"";
        let any = "write an IP address and a port, such as \"127.0.0.1:9464\" or \"[::1]:9464\"";
        let not_url = "an address to listen on is not a URL";
        let cases = [
            ("9464", "the address has no host", all),
            (":9464", "the address has no host", all),
            ("*:9464", "the address has no host", all),
            (
                "127.0.0.1",
                "the address has no port",
                "write \"127.0.0.1:9464\"",
            ),
            (
                "localhost",
                "the address has no port",
                "write \"localhost:9464\"",
            ),
            (
                "127.0.0.1:99999",
                "`99999` is not a port from 0 to 65535",
                port,
            ),
            ("127.0.0.1:", "`` is not a port from 0 to 65535", port),
            ("127.0.0.1:+80", "`+80` is not a port from 0 to 65535", port),
            ("::1", "the address has no brackets and port", v6),
            ("::1:9464", "the address has no brackets and port", v6),
            ("[::1]", "the address has no brackets and port", v6),
            ("node1:9464", "`node1` is not an IP address", name),
            ("300.1.1.1:9464", "`300.1.1.1` is not an IP address", one),
            ("::x:9464", "`::x` is not an IP address", one),
            (
                "[127.0.0.1]:80",
                "the brackets are for IPv6 addresses",
                "write \"127.0.0.1:80\"",
            ),
            ("http://127.0.0.1:80/x", not_url, "write \"127.0.0.1:80\""),
            ("http://node1:9464", not_url, name),
            ("", "this is not an address", any),
            ("node1", "this is not an address", any),
        ];
        for (text, reason, help) in cases {
            let error = text.parse::<ListenAddress>().unwrap_err();
            assert_eq!((&*error.reason, &*error.help), (reason, help), "{text}");
        }
        let unix = "unix:/run/a.sock".parse::<ListenAddress>().unwrap_err();
        assert_eq!(unix.reason, "a unix socket is not possible here");
    }
}
