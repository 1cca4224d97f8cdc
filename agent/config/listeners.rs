//! Reports addresses that are configured twice. Nothing is bound.

use std::net::SocketAddr;
use std::ops::Range;

use super::component::Component;
use super::listen::Listen;
use super::{Config, Problem, Problems};

/// An address that the agent or a component listens on.
struct Listener {
    name: String,
    listen: Listen,
    span: Range<usize>,
}

/// Reports listeners on the same port.
pub(crate) fn check(config: &Config, problems: &mut Problems) {
    let mut earlier: Vec<Listener> = Vec::new();
    for listener in listeners(config) {
        match earlier
            .iter()
            .find(|other| other.listen.conflicts_with(&listener.listen))
        {
            Some(other) => problems.push(twice(other, &listener)),
            None => earlier.push(listener),
        }
    }
}

/// The listeners, the agent's own ones first: those may be defaults, and the others are to be changed.
fn listeners(config: &Config) -> Vec<Listener> {
    let service = &config.service;
    let mut all = vec![Listener {
        name: "service.telemetry".to_owned(),
        listen: Listen::Tcp(service.telemetry.listen),
        span: service.address_spans.listen.clone(),
    }];
    all.extend(service.telemetry.admin.as_ref().map(|admin| Listener {
        name: "service.telemetry.admin".to_owned(),
        listen: admin.listen.clone(),
        span: service.address_spans.admin_listen.clone(),
    }));
    for component in &config.receivers {
        all.extend(of(component, |config| config.listens()));
    }
    for component in &config.exporters {
        all.extend(of(component, |config| config.listens()));
    }
    all
}

fn of<C: ?Sized>(
    component: &Component<C>,
    listens: impl Fn(&C) -> Vec<SocketAddr>,
) -> Vec<Listener> {
    let addresses = component.config.as_deref().map(listens).unwrap_or_default();
    let listener = |address| {
        let name = component.stage.to_string();
        Listener {
            name,
            listen: Listen::Tcp(address),
            span: component.span_of("listen"),
        }
    };
    addresses.into_iter().map(listener).collect()
}

fn twice(earlier: &Listener, later: &Listener) -> Problem {
    let title = format!(
        "`{}` and `{}` listen on the same port",
        earlier.name, later.name
    );
    let problem = Problem::new(title, later.span.clone()).label(later.listen.to_string());
    if earlier.span.is_empty() {
        return problem.note(format!(
            "`{}` listens on {} by default",
            earlier.name, earlier.listen
        ));
    }
    problem.context(earlier.span.clone(), earlier.listen.to_string())
}
