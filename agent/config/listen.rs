//! The address of the admin listener: TCP or a unix socket.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use tidegate_exporters::http::is_loopback;
use tidegate_runtime::config::{HELP, ListenAddress, Setting, Shape, Value};
use tidegate_runtime::exclusive::ExclusiveResource;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listen {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Listen {
    /// Whether only programs on this host can connect.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => is_loopback(address),
            Self::Unix(_) => true,
        }
    }

    /// Whether the two addresses conflict.
    pub(crate) fn conflicts_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(one), Self::Tcp(other)) => {
                ExclusiveResource::Address(*one).conflicts_with(&ExclusiveResource::Address(*other))
            }
            (Self::Unix(one), Self::Unix(other)) => one == other,
            _ => false,
        }
    }
}

/// The path in `unix:PATH`, `unix://PATH`, or a text that begins as a path does.
pub(crate) fn unix_path(text: &str) -> Option<&str> {
    let named = text
        .strip_prefix("unix:")
        .map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    named.or_else(|| {
        ["/", "./", "../"]
            .iter()
            .any(|start| text.starts_with(start))
            .then_some(text)
    })
}

impl Setting for Listen {
    fn shape() -> Shape {
        let pattern = Some(
            r"^(unix:(//)?[^@].*|/.*|\.\.?/.*|([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]|[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]):[0-9]{1,5})$",
        );
        Shape::Text { pattern }
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match unix_path(text) {
            Some("") => Err(format!(
                "the path is empty{HELP}write one such as {EXAMPLE}"
            )),
            Some(path) if path.starts_with('@') => {
                Err("an abstract socket has no owner and no mode; give a path".to_owned())
            }
            Some(path) if path.contains('\0') => Err("a path cannot hold a NUL byte".to_owned()),
            Some(path) if path.len() > MAX_PATH => Err(format!(
                "the path of a unix socket has {MAX_PATH} bytes at most"
            )),
            Some(path) => Ok(Self::Unix(PathBuf::from(path))),
            None => match text.parse::<ListenAddress>() {
                Ok(address) => Ok(Self::Tcp(address.get())),
                Err(error) => Err(format!("{error}, or a path such as {EXAMPLE}")),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ListenVisitor)
    }
}

struct ListenVisitor;

impl Visitor<'_> for ListenVisitor {
    type Value = Listen;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "an IP address and a port, or a path such as {EXAMPLE}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Listen, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Listen, E> {
        self.visit_str(&number.to_string())
    }
}

/// The longest path of a unix socket: `sun_path` in unix(7) without the final NUL.
const MAX_PATH: usize = 107;

/// A path of a unix socket in error messages.
const EXAMPLE: &str = "\"unix:/run/tidegate/admin.sock\"";

impl Display for Listen {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Listen;

    fn parse(text: &str) -> Result<Listen, String> {
        text.parse()
    }

    #[test]
    fn addresses_and_paths_are_distinguished() {
        let cases = [
            ("127.0.0.1:9465", "127.0.0.1:9465", true),
            ("[::1]:9465", "[::1]:9465", true),
            ("[::ffff:127.0.0.1]:9465", "[::ffff:127.0.0.1]:9465", true),
            ("localhost:9465", "127.0.0.1:9465", true),
            ("0.0.0.0:9465", "0.0.0.0:9465", false),
            ("[fe80::1%2]:9465", "[fe80::1%2]:9465", false),
            ("unix:/run/a.sock", "unix:/run/a.sock", true),
            ("unix:///run/a.sock", "unix:/run/a.sock", true),
            ("unix:a.sock", "unix:a.sock", true),
            ("/run/a.sock", "unix:/run/a.sock", true),
            ("./a.sock", "unix:./a.sock", true),
        ];
        for (text, shown, is_local) in cases {
            let listen = parse(text).unwrap();
            assert_eq!(
                (listen.to_string().as_str(), listen.is_local()),
                (shown, is_local),
                "{text}"
            );
        }
        for text in [
            "",
            "9465",
            "node1:9465",
            "unix:",
            "unix://",
            "unix:@name",
            "run/a.sock",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let path = |len: usize| parse(&format!("/{}", "a".repeat(len - 1)));
        assert!(path(107).is_ok());
        assert_eq!(
            path(108).unwrap_err(),
            "the path of a unix socket has 107 bytes at most"
        );
    }

    #[test]
    fn two_listeners_on_one_place_exclude_each_other() {
        let excludes = |one, other| parse(one).unwrap().conflicts_with(&parse(other).unwrap());
        assert!(excludes("/run/a", "unix:/run/a") && excludes("0.0.0.0:1", "127.0.0.1:1"));
        assert!(excludes("localhost:1", "127.0.0.1:1") && excludes("localhost:1", "[::]:1"));
        assert!(
            !excludes("/run/a", "/run/b")
                && !excludes("/run/a", "127.0.0.1:1")
                && !excludes("127.0.0.1:0", "127.0.0.1:0")
        );
    }
}
