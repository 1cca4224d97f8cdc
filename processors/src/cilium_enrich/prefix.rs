//! Prefixes as the agent announces them, and the label that Cilium makes of one
//! (`pkg/labels/cidr.go`, v1.19.4).

use std::net::IpAddr;

use tidegate_model::flow::Address;

/// Bits in front of an IPv4 address in its IPv4-mapped form.
const MAPPED: u8 = 96;
/// Bits of an address.
const WHOLE: u8 = 128;

/// The two families, in which identities of one number can have different labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    /// The address's; an IPv4-mapped address of an IPv6 packet is one of IPv4, as in Hubble.
    pub(super) fn of(address: Address) -> Self {
        if address.to_ip().is_ipv4() {
            Self::V4
        } else {
            Self::V6
        }
    }
}

/// An address and how many of its bits count; an IPv4 prefix in its IPv4-mapped form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Prefix {
    address: Address,
    len: u8,
}

impl Prefix {
    /// Reads `10.0.0.0/8`, or an address alone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (ip, len) = text
            .split_once('/')
            .map_or((text, None), |(ip, len)| (ip, Some(len)));
        let ip: IpAddr = ip.parse().ok()?;
        let before = if ip.is_ipv4() { MAPPED } else { 0 };
        let len = len.map_or(Some(WHOLE - before), |len| len.parse().ok())?;
        (len <= WHOLE - before).then(|| Self::of(Address::from(ip), before + len))
    }

    /// The prefix of one address.
    pub(super) fn host(address: Address) -> Self {
        Self {
            address,
            len: WHOLE,
        }
    }

    /// The prefix of an address that has so many of the bits of its IPv4-mapped form.
    pub(super) fn of(address: Address, len: u8) -> Self {
        let mask = u128::MAX
            .checked_shl(u32::from(WHOLE - len))
            .unwrap_or_default();
        Self::of_bits(u128::from_be_bytes(address.0) & mask, len)
    }

    /// The prefix of these bits, of which so many count.
    pub(super) fn of_bits(bits: u128, len: u8) -> Self {
        Self {
            address: Address(bits.to_be_bytes()),
            len,
        }
    }

    /// The least length of a prefix of the family, in bits of the IPv4-mapped form.
    pub(super) fn shortest(family: Family) -> u8 {
        match family {
            Family::V4 => MAPPED,
            Family::V6 => 0,
        }
    }

    /// The address, if all of its bits count.
    pub(super) fn address(self) -> Option<Address> {
        (self.len == WHOLE).then_some(self.address)
    }

    /// The address as a number, without the bits that do not count.
    pub(super) fn bits(self) -> u128 {
        u128::from_be_bytes(self.address.0)
    }

    /// How many bits count, in the IPv4-mapped form.
    pub(super) fn len(self) -> u8 {
        self.len
    }

    pub(super) fn family(self) -> Family {
        // The prefix ::/0 has the bits of no address of IPv4.
        if self.len < MAPPED {
            Family::V6
        } else {
            Family::of(self.address)
        }
    }

    /// Whether it is `0.0.0.0/0` or `::/0`.
    pub(super) fn is_everything(self) -> bool {
        self.len == Self::shortest(self.family())
    }

    /// Its label, such as `cidr:10.0.0.0/8`. In labels of IPv6 `-` replaces `:`, and a zero keeps
    /// it from being the first or the last character: `::1/128` is `cidr:0--1/128`. `0.0.0.0/0` and
    /// `::/0` have none, only that of the world.
    pub(super) fn label(self) -> Option<String> {
        if self.is_everything() {
            return None;
        }
        let mut ip = self.address.to_ip().to_string();
        if self.family() == Family::V6 {
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
            self.len - Self::shortest(self.family())
        ))
    }
}

const CIDR: &str = "cidr:";
/// The longest text behind it: an IPv6 address, a slash and three digits.
const LONGEST_CIDR: usize = 43;

/// The length of the prefix of a `cidr:` label; `None` for any other label, and for one that cannot
/// be read.
fn prefix_len(label: &str) -> Option<u8> {
    let text = label.strip_prefix(CIDR)?;
    let mut cidr = [0; LONGEST_CIDR];
    let cidr = cidr.get_mut(..text.len())?;
    cidr.copy_from_slice(text.as_bytes());
    cidr.iter_mut()
        .filter(|byte| **byte == b'-')
        .for_each(|byte| *byte = b':');
    let prefix = Prefix::parse(std::str::from_utf8(cidr).ok()?)?;
    Some(prefix.len() - Prefix::shortest(prefix.family()))
}

/// What Hubble shows of an identity of local scope: of all its `cidr:` labels the one of the
/// longest prefix (`FilterCIDRLabels` in `pkg/hubble/parser/common/labels.go`).
pub(super) fn most_specific(labels: &[String]) -> impl Iterator<Item = &String> {
    let mut longest = (0, None);
    for (at, label) in labels.iter().enumerate() {
        if let Some(len) = prefix_len(label).filter(|len| *len > longest.0) {
            longest = (len, Some(at));
        }
    }
    let shown =
        move |(at, label): &(usize, &String)| longest.1 == Some(*at) || !label.starts_with(CIDR);
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
    fn a_prefix_is_read_in_every_form() {
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
                "{label} reads back"
            );
        }
    }

    #[test]
    fn the_label_of_the_longest_prefix_stays() {
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
            let kept: Vec<_> = most_specific(&labels).map(String::as_str).collect();
            assert_eq!(kept.join(" "), shown, "{labels:?}");
        }
    }
}
