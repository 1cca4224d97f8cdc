//! Filters of IP addresses.

use std::net::{IpAddr, Ipv6Addr};

use tidegate_model::flow::{Address, Flow};

use super::go;
use crate::FilterError;

/// The address of a flow that is compared.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    Source,
    Destination,
    SourceXlated,
}

/// An address or a prefix.
///
/// Hubble compares texts, so that an address in a form in which no flow is printed matches nothing
/// (`::0`), and an IPv4 address is in no IPv6 prefix. An IPv4-mapped address is IPv4 if it is printed
/// so.
#[derive(Debug)]
pub(super) struct Network {
    bits: u128,
    mask: u128,
    is_v4: bool,
}

impl Which {
    fn address(self, flow: &Flow) -> Option<Address> {
        match self {
            Self::Source => flow.source_address(),
            Self::Destination => flow.destination_address(),
            Self::SourceXlated => flow.ip.as_ref()?.source_xlated,
        }
    }
}

/// Parses the values of a field. Addresses that are valid but never printed are left out.
pub(super) fn parse(texts: &[String]) -> Result<Box<[Network]>, FilterError> {
    let mut networks = Vec::new();
    for text in texts {
        if text.contains('/') {
            networks.push(Network::parse_prefix(text)?);
        } else {
            networks.extend(Network::parse_address(text)?);
        }
    }
    Ok(networks.into())
}

/// Whether the flow has the address, and it is in one of the networks.
#[inline]
pub(super) fn matches(networks: &[Network], which: Which, flow: &Flow) -> bool {
    networks.iter().any(|network| network.matches(which, flow))
}

/// Whether an address of the flow is printed as IPv4.
fn is_shown_as_v4(bits: u128, which: Which, flow: &Flow) -> bool {
    let keeps_mapped = flow
        .socket
        .as_ref()
        .is_some_and(|socket| socket.keeps_mapped);
    bits >> 32 == 0xffff && (!keeps_mapped || matches!(which, Which::SourceXlated))
}

impl Network {
    /// Whether the flow has the address, and it is in the network.
    #[inline]
    pub(super) fn matches(&self, which: Which, flow: &Flow) -> bool {
        let Some(ip) = &flow.ip else {
            return false;
        };
        let address = match which {
            Which::Source => &ip.source,
            Which::Destination => &ip.destination,
            Which::SourceXlated => match &ip.source_xlated {
                Some(address) => address,
                None => return false,
            },
        };
        u128::from_be_bytes(address.0) & self.mask == self.bits && self.is_of(which, flow)
    }

    /// Whether the flow has an address with these bits, and it is of the same version. Not inlined,
    /// since most flows have other bits.
    #[inline(never)]
    fn is_of(&self, which: Which, flow: &Flow) -> bool {
        which.address(flow).is_some_and(|address| {
            let bits = u128::from_be_bytes(address.0);
            is_shown_as_v4(bits, which, flow) == self.is_v4
        })
    }

    /// Parses an address; `None` if no flow has it, because it is printed in another form.
    fn parse_address(text: &str) -> Result<Option<Self>, FilterError> {
        let without_zone = text.split_once('%').map_or(text, |(address, _)| address);
        let address: IpAddr = without_zone.parse().map_err(|_| {
            FilterError::invalid(format!(
                "invalid IP address {} in filter: ParseAddr({0}): unable to parse IP",
                go::quoted(text)
            ))
        })?;
        let is_printed_so = address.to_string() == text;
        Ok(is_printed_so.then(|| Self {
            bits: bits_of(address),
            mask: u128::MAX,
            is_v4: address.is_ipv4(),
        }))
    }

    fn parse_prefix(text: &str) -> Result<Self, FilterError> {
        let invalid = |reason: &str| {
            FilterError::invalid(format!(
                "invalid IP prefix {} in filter: netip.ParsePrefix({0}): {reason}",
                go::quoted(text)
            ))
        };
        // As in Go, the last slash separates.
        let (address, length) = text.rsplit_once('/').ok_or_else(|| invalid("no '/'"))?;
        let address: IpAddr = address.parse().map_err(|_| match address.contains('%') {
            true => invalid("IPv6 zones cannot be present in a prefix"),
            false => invalid("unable to parse IP"),
        })?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let is_decimal = matches!(length.as_bytes(), [b'0'] | [b'1'..=b'9', ..])
            && length.bytes().all(|byte| byte.is_ascii_digit());
        let length: u32 = is_decimal
            .then(|| length.parse().ok())
            .flatten()
            .ok_or_else(|| invalid(&format!("bad bits after slash: {}", go::quoted(length))))?;
        if length > width {
            return Err(invalid("prefix length out of range"));
        }
        let mask = u128::MAX.checked_shl(width - length).unwrap_or(0);
        Ok(Self {
            bits: bits_of(address) & mask,
            mask,
            is_v4: address.is_ipv4(),
        })
    }
}

fn bits_of(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    address.to_bits()
}
