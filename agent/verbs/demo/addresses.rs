//! The addresses of the demo: those of the environment, or else the default ports if they are free;
//! and the collector, if the environment names one.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixListener};

use super::socket::SocketPaths;
use crate::config::process_environment;
use crate::error::Error;

const TELEMETRY: &str = "TIDEGATE_TELEMETRY_LISTEN";
const PROMETHEUS: &str = "TIDEGATE_PROMETHEUS_LISTEN";
pub(super) const COLLECTOR: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The default port of the agent's telemetry.
pub(super) const TELEMETRY_PORT: u16 = 9464;
/// The default port of Hubble's metrics.
const PROMETHEUS_PORT: u16 = 10965;

/// The addresses that the demo's pipeline uses.
pub(super) struct Addresses {
    pub(super) telemetry: Listener,
    pub(super) prometheus: Listener,
    /// The endpoint of the collector.
    pub(super) collector: Option<String>,
    /// Held by the demo that may use the default ports: another one that starts between
    /// [`Self::release`] and the bind of the pipeline would find them free.
    _default_ports: Option<UnixListener>,
}

/// An address to listen on.
pub(super) struct Listener {
    /// The value for the configuration.
    value: String,
    /// The address; `None` if the configuration will refuse the value.
    bound: Option<SocketAddr>,
    /// Reserves the port until the pipeline binds it.
    reserved: Option<TcpListener>,
}

impl Addresses {
    /// Chooses the addresses and reserves their ports.
    pub(super) fn choose() -> Result<Self, Error> {
        let default_ports = lock_default_ports();
        let listener = |variable: &str, port: u16| match set_variable(variable) {
            Some(value) => Listener::of_variable(variable, value),
            None => Listener::on_port(if default_ports.is_some() { port } else { 0 })
                .map_err(|error| cannot_listen("127.0.0.1", &error)),
        };
        Ok(Self {
            telemetry: listener(TELEMETRY, TELEMETRY_PORT)?,
            prometheus: listener(PROMETHEUS, PROMETHEUS_PORT)?,
            collector: set_variable(COLLECTOR),
            _default_ports: default_ports,
        })
    }

    /// Releases the ports for the pipeline.
    pub(super) fn release(&mut self) {
        self.telemetry.reserved = None;
        self.prometheus.reserved = None;
    }

    /// The value of a variable in the environment of the shipped configuration.
    pub(super) fn value(&self, name: &str, sockets: &SocketPaths) -> Option<String> {
        match name {
            "CILIUM_MONITOR_SOCK" => Some(sockets.monitor.display().to_string()),
            "CILIUM_SOCK" => Some(sockets.api.display().to_string()),
            TELEMETRY => Some(self.telemetry.value.clone()),
            PROMETHEUS => Some(self.prometheus.value.clone()),
            COLLECTOR => self.collector.clone(),
            _ => process_environment(name),
        }
    }
}

impl Listener {
    /// Reserves the address that a variable names. A text that is no address is left to the
    /// configuration, whose error says what is wrong with it.
    fn of_variable(variable: &str, value: String) -> Result<Self, Error> {
        let Some(address) = parse(&value) else {
            return Ok(Self {
                value,
                bound: None,
                reserved: None,
            });
        };
        TcpListener::bind(address)
            .and_then(Self::reserve)
            .map_err(|error| cannot_listen(&format!("{variable}={value}"), &error))
    }

    /// Reserves a port, or one that the system chooses if it is in use.
    fn on_port(port: u16) -> io::Result<Self> {
        TcpListener::bind(("127.0.0.1", port))
            .or_else(|_| TcpListener::bind("127.0.0.1:0"))
            .and_then(Self::reserve)
    }

    fn reserve(listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self {
            value: address.to_string(),
            bound: Some(address),
            reserved: Some(listener),
        })
    }

    /// The address to connect to on this host, and the value itself if it is no address.
    pub(super) fn target(&self) -> String {
        match self.bound {
            Some(address) => reachable(address).to_string(),
            None => self.value.clone(),
        }
    }

    /// Whether it is a loopback address.
    pub(super) fn is_loopback(&self) -> bool {
        self.bound.is_some_and(|address| address.ip().is_loopback())
    }
}

/// An IP address or `localhost`, and a port. Other names are not looked up, which could take long.
fn parse(value: &str) -> Option<SocketAddr> {
    match value.strip_prefix("localhost:") {
        Some(port) => Some((Ipv4Addr::LOCALHOST, port.parse().ok()?).into()),
        None => value.parse().ok(),
    }
}

/// The address, with that of this host in place of the unspecified one.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn cannot_listen(address: &str, error: &io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => "; another process has it",
        _ => "",
    };
    Error::failed(format!("cannot listen on {address}: {error}{hint}"))
}

/// A variable that is set and not blank. The OpenTelemetry specification treats an empty one as
/// unset.
fn set_variable(name: &str) -> Option<String> {
    process_environment(name).filter(|value| !value.trim().is_empty())
}

/// Takes an abstract socket name that only one demo on the machine can have at a time.
fn lock_default_ports() -> Option<UnixListener> {
    let name = UnixAddress::from_abstract_name("tidegate-demo").ok()?;
    UnixListener::bind_addr(&name).ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::Listener;

    #[test]
    fn an_address_of_the_environment_is_reserved_and_shown_as_one_to_connect_to() {
        let any = Listener::of_variable("X", "0.0.0.0:0".to_owned()).unwrap();
        let port = any.bound.unwrap().port();
        assert_ne!(port, 0);
        assert_eq!(any.target(), format!("127.0.0.1:{port}"));
        assert_eq!(any.value, format!("0.0.0.0:{port}"));
        assert!(!any.is_loopback());
        let local = Listener::of_variable("X", "127.0.0.1:0".to_owned()).unwrap();
        assert!(local.is_loopback());
        assert!(TcpListener::bind(local.bound.unwrap()).is_err(), "reserved");
    }

    #[test]
    fn a_port_of_the_environment_that_is_in_use_is_an_error_and_a_default_one_is_replaced() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = Listener::of_variable("X", address.to_string()).err();
        assert_eq!(
            error.unwrap().to_string(),
            format!(
                "error: cannot listen on X={address}: Address already in use (os error 98); another \
                 process has it"
            )
        );
        let other = Listener::on_port(address.port()).unwrap();
        assert_ne!(other.bound.unwrap().port(), address.port());
    }

    #[test]
    fn a_text_that_is_no_address_is_left_to_the_configuration() {
        for text in ["9464", "no.such.host:1", "localhost:x"] {
            let listener = Listener::of_variable("X", text.to_owned()).unwrap();
            assert_eq!((&*listener.value, listener.bound), (text, None));
        }
        let named = Listener::of_variable("X", "localhost:0".to_owned()).unwrap();
        assert!(named.target().starts_with("127.0.0.1:"));
    }
}
