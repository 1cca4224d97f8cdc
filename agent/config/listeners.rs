//! Addresses that the agent would listen on twice. Nothing is bound to find out.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use super::component::Component;
use super::{Config, Problem, Problems};

/// Somebody who listens.
struct Listener {
    name: String,
    address: SocketAddr,
    span: Range<usize>,
}

/// Finds two listeners on one port.
pub(crate) fn check(config: &Config, problems: &mut Problems) {
    let mut earlier: Vec<Listener> = Vec::new();
    for listener in listeners(config) {
        match earlier.iter().find(|other| overlap(other.address, listener.address)) {
            Some(other) => problems.push(twice(other, &listener)),
            None => earlier.push(listener),
        }
    }
}

/// The agent's own one first: it may stand nowhere in the file, and then the other one is to change.
fn listeners(config: &Config) -> Vec<Listener> {
    let service = &config.service;
    let mut all = vec![Listener {
        name: "service.telemetry".to_owned(),
        address: service.telemetry_listen,
        span: service.telemetry_span.clone(),
    }];
    for component in &config.receivers {
        all.extend(of(component, |config| config.listens()));
    }
    for component in &config.exporters {
        all.extend(of(component, |config| config.listens()));
    }
    all
}

fn of<C: ?Sized>(component: &Component<C>, listens: impl Fn(&C) -> Vec<SocketAddr>) -> Vec<Listener> {
    let addresses = component.config.as_deref().map(listens).unwrap_or_default();
    let listener = |address| Listener { name: component.stage.clone(), address, span: component.place_of("listen") };
    addresses.into_iter().map(listener).collect()
}

fn twice(earlier: &Listener, later: &Listener) -> Problem {
    let title = format!("`{}` and `{}` listen on one port", earlier.name, later.name);
    let problem = Problem::new(title, later.span.clone()).label(later.address.to_string());
    if earlier.span.is_empty() {
        return problem.note(format!("`{}` listens on {} by default", earlier.name, earlier.address));
    }
    problem.context(earlier.span.clone(), earlier.address.to_string())
}

/// Whether both cannot be bound: one port, and one address or a wildcard. `[::]` takes IPv4 as well.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let covers = |wide: IpAddr, narrow: IpAddr| wide.is_unspecified() && (wide.is_ipv6() || narrow.is_ipv4());
    a.port() == b.port() && a.port() != 0 && (a.ip() == b.ip() || covers(a.ip(), b.ip()) || covers(b.ip(), a.ip()))
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn wildcards_overlap_with_what_they_cover() {
        let cases = [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "[::]:80", true),
            ("0.0.0.0:80", "[::1]:80", false),
            ("[::]:80", "[::1]:80", true),
        ];
        for (a, b, expected) in cases {
            let (first, second) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!((overlap(first, second), overlap(second, first)), (expected, expected), "{a} {b}");
        }
    }
}
