//! Hosts that are reached without a proxy: the list of `NO_PROXY`, which has no specification. It is
//! read as curl and Go's `httpproxy` do, each of which has forms that the other has not.

use std::net::IpAddr;

/// Whether a host and its port are in a list of these, separated by commas or spaces:
///
/// - `*`, which is any host;
/// - an address, `192.0.2.1` or `2001:db8::1`, also in brackets;
/// - a network, `10.0.0.0/8`;
/// - a domain with all that it contains: `example.org`, `.example.org` or `*.example.org`.
///
/// An entry with a port, as in `example.org:4317`, is for that port alone. Names are not resolved.
pub(super) fn is_listed(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_end_matches('.');
    let address: Option<IpAddr> = host.parse().ok();
    let address = address.map(|address| address.to_canonical());
    let mut entries = list
        .split([',', ' ', '\t'])
        .filter(|entry| !entry.is_empty());
    entries.any(|entry| {
        let (name, of_port) = split_port(entry);
        if of_port.is_some_and(|of_port| of_port != port) {
            return false;
        }
        match address {
            _ if name == "*" => true,
            Some(address) => has_address(name, address),
            None => is_in_domain(host, name),
        }
    })
}

/// Splits a port off. What is no port remains part of the name, which no host has then.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    if let Some(rest) = entry.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((name, "")) => (name, None),
            Some((name, port)) => match port.strip_prefix(':').map(str::parse) {
                Some(Ok(port)) => (name, Some(port)),
                _ => (entry, None),
            },
            None => (entry, None),
        };
    }
    match entry.split_once(':') {
        Some((name, port)) => match port.parse() {
            Ok(port) => (name, Some(port)),
            // A second colon: an address of IPv6.
            Err(_) => (entry, None),
        },
        None => (entry, None),
    }
}

/// Whether an address or a network of the list has this address.
fn has_address(entry: &str, address: IpAddr) -> bool {
    let (network, len) = match entry.split_once('/') {
        Some((network, len)) => (network, len.parse().ok()),
        None => (entry, Some(128)),
    };
    let network: Option<IpAddr> = network.parse().ok();
    match (network.map(|network| network.to_canonical()), len) {
        (Some(IpAddr::V4(network)), Some(len)) if len <= 32 || !entry.contains('/') => {
            let IpAddr::V4(address) = address else {
                return false;
            };
            let rest = 32_u32.saturating_sub(len);
            let differing = network.to_bits() ^ address.to_bits();
            differing.checked_shr(rest).unwrap_or_default() == 0
        }
        (Some(IpAddr::V6(network)), Some(len)) if len <= 128 => {
            let IpAddr::V6(address) = address else {
                return false;
            };
            let differing = network.to_bits() ^ address.to_bits();
            differing.checked_shr(128 - len).unwrap_or_default() == 0
        }
        _ => false,
    }
}

/// Whether a host is a domain of the list or below it.
fn is_in_domain(host: &str, entry: &str) -> bool {
    let domain = entry.strip_prefix('*').unwrap_or(entry);
    let domain = domain.trim_start_matches('.').trim_end_matches('.');
    let before = host.len().checked_sub(domain.len());
    let Some((before, end)) = before.and_then(|at| host.split_at_checked(at)) else {
        return false;
    };
    let is_whole = before.is_empty() || before.ends_with('.');
    !domain.is_empty() && is_whole && end.eq_ignore_ascii_case(domain)
}

#[cfg(test)]
mod tests {
    use super::is_listed;

    #[test]
    fn an_entry_is_a_host_a_domain_an_address_a_network_or_any_host_with_or_without_a_port() {
        for (list, host) in [
            ("*", "a.example.org"),
            ("*:4317", "a.example.org"),
            ("example.org", "example.org"),
            ("EXAMPLE.org.", "a.Example.ORG."),
            (".example.org", "example.org"),
            (".example.org", "a.b.example.org"),
            ("*.example.org", "a.example.org"),
            ("other, example.org:4317", "a.example.org"),
            ("other example.org", "example.org"),
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:4317", "192.0.2.1"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
            ("192.0.2.0/24", "192.0.2.200"),
            ("0.0.0.0/0", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4317", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:1::1"),
            ("::/0", "2001:db8::1"),
        ] {
            assert!(is_listed(list, host, 4317), "{list:?} {host}");
        }
    }

    #[test]
    fn any_other_host_is_not_listed() {
        for (list, host) in [
            ("", "example.org"),
            (" , ", "example.org"),
            (".", "example.org"),
            ("*.", "example.org"),
            ("example.org", "notexample.org"),
            ("example.org", "example.org.test"),
            ("a.example.org", "example.org"),
            ("example.org:4318", "example.org"),
            ("example.org:x", "example.org"),
            ("*:4318", "example.org"),
            ("2.1", "192.0.2.1"),
            ("192.0.2.0/24", "192.0.3.1"),
            ("192.0.2.0/33", "192.0.2.1"),
            ("192.0.2.0/x", "192.0.2.1"),
            ("192.0.2.1:4318", "192.0.2.1"),
            ("0.0.0.0/0", "2001:db8::1"),
            ("::/0", "192.0.2.1"),
            ("[2001:db8::1]:4318", "2001:db8::1"),
            ("[2001:db8::1", "2001:db8::1"),
            ("2001:db8::/129", "2001:db8::1"),
            ("ä", "bä.example"),
        ] {
            assert!(!is_listed(list, host, 4317), "{list:?} {host}");
        }
    }
}
