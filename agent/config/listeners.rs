//! Addresses that the agent would listen on twice. Nothing is bound to find out.

use std::net::SocketAddr;
use std::ops::Range;

use tidegate_core::pipeline::Hold;

use super::component::Component;
use super::{Config, Problem, Problems};

/// Somebody who listens.
struct Listener {
    name: String,
    address: SocketAddr,
    span: Range<usize>,
}

impl Listener {
    fn excludes(&self, other: &Self) -> bool {
        Hold::Address(self.address).excludes(&Hold::Address(other.address))
    }
}

/// Finds two listeners on one port.
pub(crate) fn check(config: &Config, problems: &mut Problems) {
    let mut earlier: Vec<Listener> = Vec::new();
    for listener in listeners(config) {
        match earlier.iter().find(|other| other.excludes(&listener)) {
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
