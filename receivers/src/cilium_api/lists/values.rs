//! Values of keys.

use std::fmt::{self, Formatter};
use std::net::IpAddr;
use std::time::Duration;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, Visitor};
use serde_json::value::RawValue;
use tidegate_model::Timestamp;
use tidegate_model::flow::Address;

/// An IP address; `None` if the text is none, such as an empty one.
#[derive(Debug, Default)]
pub(super) struct Ip(pub(super) Option<Address>);

/// An address with the length of its prefix, which is that of the address if it is not given.
#[derive(Debug)]
pub(super) struct Prefix {
    pub(super) address: Address,
    pub(super) len: u8,
}

/// A time as in RFC 3339; 0 if it is none.
#[derive(Debug, Default)]
pub(super) struct Time(pub(super) Timestamp);

/// Reads a value, and the default for `null`.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a value, and the default for one of another shape, without which the rest is of use.
pub(super) fn readable_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let json = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(json.get()).unwrap_or_default())
}

/// The addresses in a list, without what is none.
pub(super) fn addresses(list: Vec<Ip>) -> Vec<Address> {
    list.into_iter().filter_map(|Ip(address)| address).collect()
}

impl Prefix {
    fn parse(text: &str) -> Option<Self> {
        let (ip, len) = match text.split_once('/') {
            Some((ip, len)) => (ip.parse().ok()?, Some(len.parse().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let max = match ip {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let len = len.unwrap_or(max);
        let address = Address::from(ip);
        (len <= max).then(|| Self {
            address: first_of(address, 128 - u32::from(max - len)),
            len,
        })
    }
}

/// The first address of a prefix of this length in 128 bits.
fn first_of(address: Address, len: u32) -> Address {
    let mask = u128::MAX.checked_shl(128 - len).unwrap_or_default();
    Address((u128::from_be_bytes(address.0) & mask).to_be_bytes())
}

/// Reads a text with a function.
struct Text<T> {
    expecting: &'static str,
    parse: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text)
            .ok_or_else(|| E::custom(format_args!("expected {}: {text:?}", self.expecting)))
    }
}

impl<'de> Deserialize<'de> for Ip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text {
            expecting: "an address",
            parse: |text| Some(Self(text.parse::<IpAddr>().ok().map(Address::from))),
        })
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text {
            expecting: "an address or a prefix",
            parse: Self::parse,
        })
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text {
            expecting: "a time",
            parse: |text| Some(Self(parse_time(text).unwrap_or_default())),
        })
    }
}

/// A time of RFC 3339 from 1970 on.
fn parse_time(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    let since_epoch = Duration::try_from(time.as_duration()).ok()?;
    u64::try_from(since_epoch.as_nanos()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::{Prefix, Timestamp, parse_time};

    #[test]
    fn prefixes_begin_at_their_first_address() {
        let cases = [
            ("10.0.1.7/32", Some(("10.0.1.7", 32))),
            ("10.0.1.7", Some(("10.0.1.7", 32))),
            ("10.0.1.7/8", Some(("10.0.0.0", 8))),
            ("0.0.0.0/0", Some(("0.0.0.0", 0))),
            ("fd00::1/128", Some(("fd00::1", 128))),
            ("fd00::1", Some(("fd00::1", 128))),
            ("fd00:1::1/16", Some(("fd00::", 16))),
            ("::/0", Some(("::", 0))),
            ("10.0.1.7/33", None),
            ("10.0.1.7/", None),
            ("fe80::1%eth0", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let prefix = Prefix::parse(text);
            let found = prefix.map(|prefix| (prefix.address.to_string(), prefix.len));
            let expected = expected.map(|(address, len)| (address.to_owned(), len));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn times_before_1970_and_other_texts_are_unknown() {
        let cases = [
            ("2026-11-30T07:12:53.000Z", Some(1_796_022_773_000_000_000)),
            ("1970-01-01T01:00:00.5+01:00", Some(500_000_000)),
            ("0001-01-01T00:00:00.000Z", None),
            ("9999-12-31T00:00:00Z", None),
            ("soon", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_time(text), expected.map(Timestamp), "{text}");
        }
    }
}
