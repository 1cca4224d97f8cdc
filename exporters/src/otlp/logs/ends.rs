//! Attributes of the client and the server of a message, whichever of them sent it.

use tidegate_format::hubble::FlowPeer;
use tidegate_format::text::push_address;
use tidegate_model::flow::{Flow, Http, L7, L7Record, L7Type, REDACTED};

use super::record_writer::LogRecordWriter;
use super::url::Url;
use crate::otlp::mapping;

/// Returns whether the destination of a message is the client: it is a response.
pub(super) fn is_from_server(flow: &Flow, l7: &L7) -> bool {
    match l7.l7_type {
        L7Type::Request => false,
        L7Type::Response => true,
        L7Type::Sample | L7Type::Unknown => flow.is_reply == Some(true),
    }
}

/// Writes addresses and ports of both ends. `peers` are source and destination.
pub(super) fn write(
    out: &mut LogRecordWriter<'_>,
    flow: &Flow,
    l7: &L7,
    peers: [&FlowPeer<'_>; 2],
) {
    let [source, destination] = peers;
    let [client, server] = if is_from_server(flow, l7) {
        [destination, source]
    } else {
        [source, destination]
    };
    if let Some(address) = client.written_address() {
        out.string_with(mapping::CLIENT_ADDRESS, |text| push_address(text, address));
    }
    if let Some(port) = client.port {
        out.int(mapping::CLIENT_PORT, port);
    }
    match named_server(l7) {
        Some(named) => {
            out.string(mapping::SERVER_ADDRESS, named.host);
            if let Some(port) = named.port.or(server.port) {
                out.int(mapping::SERVER_PORT, port);
            }
        }
        None => write_server(out, server),
    }
}

fn write_server(out: &mut LogRecordWriter<'_>, server: &FlowPeer<'_>) {
    if let Some(address) = server.written_address() {
        out.string_with(mapping::SERVER_ADDRESS, |text| push_address(text, address));
    }
    if let Some(port) = server.port {
        out.int(mapping::SERVER_PORT, port);
    }
}

/// The server as the client names it.
#[derive(Debug, PartialEq, Eq)]
struct NamedServer<'a> {
    host: &'a str,
    port: Option<u16>,
}

/// Returns the server that an HTTP message names, in its URL or else in the request's headers.
fn named_server(l7: &L7) -> Option<NamedServer<'_>> {
    let L7Record::Http(http) = &l7.record else {
        return None;
    };
    let url = Url::parse(&http.url);
    let header = || (l7.l7_type == L7Type::Request).then(|| host_header(http));
    let authority = url.authority().or_else(|| header().flatten())?;
    let mut named = parse_authority(authority).filter(|named| !named.host.is_empty())?;
    named.port = named.port.or_else(|| default_port(url.scheme()?));
    Some(named)
}

fn host_header(http: &Http) -> Option<&str> {
    let is_host =
        |name: &str| name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority");
    let mut headers = http.headers.iter();
    let (_, value) = headers.find(|(name, _)| is_host(name))?;
    Some(value.as_str()).filter(|value| *value != REDACTED)
}

/// Splits `host`, `host:port`, `[address]` or `[address]:port`.
fn parse_authority(authority: &str) -> Option<NamedServer<'_>> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((_, port)) if port.contains(':') => (authority, None),
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port.and_then(|port| port.parse().ok());
    Some(NamedServer { host, port })
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse_authority;

    #[test]
    fn an_authority_is_split_into_host_and_port() {
        for (authority, host, port) in [
            ("shop", "shop", None),
            ("shop:8080", "shop", Some(8080)),
            ("[fd00::1]:8080", "fd00::1", Some(8080)),
            ("[fd00::1]", "fd00::1", None),
            ("fd00::1", "fd00::1", None),
            ("shop:http", "shop", None),
            ("shop:99999", "shop", None),
            ("", "", None),
        ] {
            let named = parse_authority(authority).expect(authority);
            assert_eq!((named.host, named.port), (host, port), "{authority}");
        }
        assert_eq!(parse_authority("[fd00::1"), None);
    }
}
