//! Addresses of services and their backends.

use std::fmt::{Display, Formatter, Result};

use tidegate_model::record::ServiceAddress;

/// Displays an address and its port as Go's `net.JoinHostPort` does.
pub struct HostPort<'a>(pub &'a ServiceAddress);

impl Display for HostPort<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let ServiceAddress { ip, port } = self.0;
        if ip.contains(':') {
            write!(f, "[{ip}]:{port}")
        } else {
            write!(f, "{ip}:{port}")
        }
    }
}
