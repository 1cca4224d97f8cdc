//! Prefixes in the agent's notation, and the labels that Cilium derives from them
//! (`pkg/labels/cidr.go`, v1.19.4).

use std::net::IpAddr;

use tidegate_model::flow::Address;

/// The number of bits before the IPv4 address in its IPv4-mapped form.
const MAPPED_BITS: u8 = 96;
/// The number of bits of an address.
const ADDRESS_BITS: u8 = 128;

/// The address family. The labels of an identity can differ between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressFamily {
    V4,
    V6,
}

impl AddressFamily {
    /// The family of an address. An IPv4-mapped address in an IPv6 packet is IPv4, as in Hubble.
    pub(crate) fn of(address: Address) -> Self {
        if address.to_ip().is_ipv4() {
            Self::V4
        } else {
            Self::V6
        }
    }
}

/// A prefix. IPv4 prefixes are in their IPv4-mapped form, with 96 added to their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Prefix {
    address: Address,
    len: u8,
}

impl Prefix {
    /// Parses a prefix such as `10.0.0.0/8`, or an address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (ip, len) = text
            .split_once('/')
            .map_or((text, None), |(ip, len)| (ip, Some(len)));
        let ip: IpAddr = ip.parse().ok()?;
        let before = if ip.is_ipv4() { MAPPED_BITS } else { 0 };
        let len = len.map_or(Some(ADDRESS_BITS - before), |len| len.parse().ok())?;
        (len <= ADDRESS_BITS - before).then(|| Self::of(Address::from(ip), before + len))
    }

    /// The prefix with a length as written, up to 32 for IPv4; `None` if it is longer.
    pub(crate) fn listed(address: Address, len: u8) -> Option<Self> {
        let before = if address.to_ip().is_ipv4() {
            MAPPED_BITS
        } else {
            0
        };
        (len <= ADDRESS_BITS - before).then(|| Self::of(address, before + len))
    }

    /// The prefix that contains the address alone.
    pub(crate) fn host(address: Address) -> Self {
        Self {
            address,
            len: ADDRESS_BITS,
        }
    }

    /// The prefix of length `len`, in the IPv4-mapped form, that contains the address.
    pub(crate) fn of(address: Address, len: u8) -> Self {
        let mask = u128::MAX
            .checked_shl(u32::from(ADDRESS_BITS - len))
            .unwrap_or_default();
        Self::of_bits(u128::from_be_bytes(address.0) & mask, len)
    }

    /// The prefix with these bits and this length, in the IPv4-mapped form.
    pub(crate) fn of_bits(bits: u128, len: u8) -> Self {
        Self {
            address: Address(bits.to_be_bytes()),
            len,
        }
    }

    /// The length of the shortest prefix of a family, in the IPv4-mapped form.
    pub(crate) fn min_len(family: AddressFamily) -> u8 {
        match family {
            AddressFamily::V4 => MAPPED_BITS,
            AddressFamily::V6 => 0,
        }
    }

    /// The address, if the prefix contains it alone.
    pub(crate) fn address(self) -> Option<Address> {
        (self.len == ADDRESS_BITS).then_some(self.address)
    }

    /// The bits of the prefix; those behind its length are zero.
    pub(crate) fn bits(self) -> u128 {
        u128::from_be_bytes(self.address.0)
    }

    /// The length, in the IPv4-mapped form.
    pub(crate) fn len(self) -> u8 {
        self.len
    }

    pub(crate) fn family(self) -> AddressFamily {
        // In this form, an IPv4 prefix has at least these bits.
        if self.len < MAPPED_BITS {
            AddressFamily::V6
        } else {
            AddressFamily::of(self.address)
        }
    }

    /// Whether it is `0.0.0.0/0` or `::/0`.
    pub(crate) fn is_everything(self) -> bool {
        self.len == Self::min_len(self.family())
    }

    /// The label, such as `cidr:10.0.0.0/8`. For IPv6, `:` is replaced by `-`, and a zero is added
    /// where a `-` would be the first or the last character: `::1/128` is `cidr:0--1/128`.
    /// `0.0.0.0/0` and `::/0` have no such label, only the label of the world.
    pub(crate) fn label(self) -> Option<String> {
        if self.is_everything() {
            return None;
        }
        let mut ip = self.address.to_ip().to_string();
        if self.family() == AddressFamily::V6 {
            ip = ip.replace(':', "-");
            if ip.starts_with('-') {
                ip.insert(0, '0');
            }
            if ip.ends_with('-') {
                ip.push('0');
            }
        }
        Some(format!(
            "{CIDR}{ip}/{}",
            self.len - Self::min_len(self.family())
        ))
    }
}

const CIDR: &str = "cidr:";
/// The longest text after that: an IPv6 address, a slash and three digits.
const MAX_CIDR: usize = 43;

/// The length of the prefix of a `cidr:` label; `None` for any other label, and for an invalid one.
fn prefix_len(label: &str) -> Option<u8> {
    let text = label.strip_prefix(CIDR)?;
    let mut cidr = [0; MAX_CIDR];
    let cidr = cidr.get_mut(..text.len())?;
    cidr.copy_from_slice(text.as_bytes());
    cidr.iter_mut()
        .filter(|byte| **byte == b'-')
        .for_each(|byte| *byte = b':');
    let prefix = Prefix::parse(std::str::from_utf8(cidr).ok()?)?;
    Some(prefix.len() - Prefix::min_len(prefix.family()))
}

/// The labels that Hubble shows of an identity of local scope: of its `cidr:` labels only the one
/// with the longest prefix (`FilterCIDRLabels` in `pkg/hubble/parser/common/labels.go`).
pub(crate) fn most_specific(labels: &[String]) -> impl Iterator<Item = &String> {
    let mut longest_len = 0;
    let mut longest = None;
    for (index, label) in labels.iter().enumerate() {
        if let Some(len) = prefix_len(label).filter(|len| *len > longest_len) {
            longest_len = len;
            longest = Some(index);
        }
    }
    let shown = move |(index, label): &(usize, &String)| {
        longest == Some(*index) || !label.starts_with(CIDR)
    };
    labels
        .iter()
        .enumerate()
        .filter(shown)
        .map(|(_, label)| label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_addresses_are_parsed() {
        for (text, whole) in [
            ("10.0.2.20/32", Some("10.0.2.20")),
            ("10.0.2.20", Some("10.0.2.20")),
            ("fd00::14/128", Some("fd00::14")),
            ("10.0.2.20/31", None),
        ] {
            let prefix = Prefix::parse(text).unwrap_or_else(|| panic!("{text} is a prefix"));
            let whole = whole.map(|ip| Address::from(ip.parse::<IpAddr>().unwrap()));
            assert_eq!(prefix.address(), whole, "{text}");
        }
        for text in [
            "",
            "10.0.2.20/33",
            "fd00::/129",
            "10.0.2.20/",
            "10.0.2/24",
            "pod",
            "10.0.2.20/32@1",
        ] {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_prefix_has_ciliums_label() {
        for (prefix, label) in [
            ("1.1.1.1/32", "cidr:1.1.1.1/32"),
            ("10.9.8.7/8", "cidr:10.0.0.0/8"),
            ("0.0.0.0/1", "cidr:0.0.0.0/1"),
            ("0.0.0.0/0", ""),
            ("fd99::2/128", "cidr:fd99--2/128"),
            ("::1/128", "cidr:0--1/128"),
            ("fd00::/8", "cidr:fd00--0/8"),
            ("::/8", "cidr:0--0/8"),
            ("8000::/1", "cidr:8000--0/1"),
            ("2001:db8:0:1:2:3:4:5/64", "cidr:2001-db8-0-1--0/64"),
            ("::/0", ""),
        ] {
            let shown = Prefix::parse(prefix).expect("a prefix").label();
            assert_eq!(shown.as_deref().unwrap_or_default(), label, "{prefix}");
            let len = prefix.split_once('/').map(|(_, len)| len.parse().unwrap());
            assert_eq!(
                prefix_len(label),
                len.filter(|_| shown.is_some()),
                "{label} is parsed"
            );
        }
    }

    #[test]
    fn only_the_cidr_label_of_the_longest_prefix_is_shown() {
        for (labels, shown) in [
            ("", ""),
            ("reserved:world", "reserved:world"),
            ("cidr:0.0.0.0/0 reserved:world", "reserved:world"),
            (
                "cidr:10.0.0.0/8 cidr:10.1.0.0/16 cidr:10.0.0.0/9 fqdn:a.b reserved:world",
                "cidr:10.1.0.0/16 fqdn:a.b reserved:world",
            ),
            (
                "cidr:fd99--0/16 cidr:fd99--2/128 cidr:0--0/0 reserved:world",
                "cidr:fd99--2/128 reserved:world",
            ),
            (
                "cidr:10.0.0.0/33 cidr:fd99 cidr:pod/8 cidr:10.0.0.0/8",
                "cidr:10.0.0.0/8",
            ),
            (
                &format!("cidr:{}/8 k8s:cidr=1", "0".repeat(100)),
                "k8s:cidr=1",
            ),
        ] {
            let labels: Vec<_> = labels.split_whitespace().map(str::to_owned).collect();
            let specific: Vec<_> = most_specific(&labels).map(String::as_str).collect();
            assert_eq!(specific.join(" "), shown, "{labels:?}");
        }
    }
}
