//! Host and port of an endpoint.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Problem;

/// Splits an authority without user information into host and port.
pub(super) fn split_authority(authority: &str) -> Result<(&str, Option<&str>), Problem> {
    if let Some(rest) = authority.strip_prefix('[') {
        return split_bracketed(rest);
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if port.is_some_and(|port| port.contains(':')) {
        return Err(
            "has too many colons; an IPv6 address needs brackets, as in http://[::1]:4317".into(),
        );
    }
    if host.is_empty() {
        return Err("has no host".into());
    }
    // Resolvers take a host of digits and dots as an address: 127.1 is 127.0.0.1 to them.
    let is_numeric = host
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err("has a numeric host that is not an IPv4 address".into());
    }
    Ok((host, port))
}

/// Splits what follows the opening bracket of an IPv6 address.
fn split_bracketed(rest: &str) -> Result<(&str, Option<&str>), Problem> {
    let Some((host, tail)) = rest.split_once(']') else {
        return Err("has a bracket that is not closed".into());
    };
    if host.parse::<Ipv6Addr>().is_err() {
        return Err("must have an IPv6 address in the brackets; \
                    zones such as %eth0 are not supported"
            .into());
    }
    match tail.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if tail.is_empty() => Ok((host, None)),
        None => Err("must have nothing but a port after the brackets".into()),
    }
}

/// Parses a port that can be connected to. `u16` alone would accept a sign.
pub(super) fn parse_port(text: &str) -> Result<u16, Problem> {
    if text.is_empty() {
        return Err(
            "has a colon and no port after it; OTLP over gRPC usually has port 4317, over HTTP 4318".into(),
        );
    }
    let is_numeric = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|port| is_numeric && *port != 0)
        .ok_or_else(|| format!("has the port `{text}`; a port is a number from 1 to 65535").into())
}
