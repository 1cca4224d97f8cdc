//! Appends numbers, addresses and times to a text without the formatting machinery, which would be
//! half the cost of a line.

use std::fmt::Write;
use std::net::IpAddr;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use tidegate_model::Timestamp;
use tidegate_model::flow::DnsAnswer;

use super::digits::{hex_pair, mac_text, push_ipv4, push_ipv6, push_number, push_pair};

/// A number in decimal digits.
pub fn push_decimal(out: &mut String, n: impl Into<u64>) {
    push_number(out, n.into());
}

/// A number in at least `width` decimal digits, nine at most.
pub(super) fn push_padded(out: &mut String, n: impl Into<u64>, width: usize) {
    let n = n.into();
    if width == 2 && n < 100 {
        return push_pair(out, n);
    }
    let len = n.checked_ilog10().map_or(1, |log| log as usize + 1);
    out.push_str(&"000000000"[..width.saturating_sub(len)]);
    push_number(out, n);
}

/// A signed number.
pub(crate) fn push_signed(out: &mut String, n: impl Into<i64>) {
    let n = n.into();
    if n < 0 {
        out.push('-');
    }
    push_decimal(out, n.unsigned_abs());
}

/// An address as Go's `netip` prints it. In packets an IPv4-mapped one is dotted, which
/// `Address::to_ip` sees to.
pub fn push_address(out: &mut String, address: IpAddr) {
    match address {
        IpAddr::V4(v4) => push_ipv4(out, v4.octets()),
        IpAddr::V6(v6) => push_ipv6(out, v6),
    }
}

/// An address in a DNS answer.
pub fn push_answer(out: &mut String, answer: &DnsAnswer) {
    match answer {
        DnsAnswer::Ip(ip) => push_address(out, *ip),
        DnsAnswer::Zoned(..) | DnsAnswer::Invalid => {
            let _ = write!(out, "{answer}");
        }
    }
}

/// The address of one side of a flow; nothing if it is not known.
pub(crate) fn push_peer_address(out: &mut String, address: Option<IpAddr>) {
    if let Some(address) = address {
        push_address(out, address);
    }
}

/// A byte as two hexadecimal digits.
pub(crate) fn push_hex(out: &mut String, byte: u8) {
    out.extend(hex_pair(byte).map(char::from));
}

/// A MAC address, with colons.
pub(crate) fn push_mac(out: &mut String, mac: [u8; 6]) {
    out.push_str(std::str::from_utf8(&mac_text(mac)).unwrap_or_default());
}

/// A time as protobuf's JSON has it: RFC 3339 in UTC, with 0, 3, 6 or 9 digits of the second.
pub fn push_rfc3339(out: &mut String, time: Timestamp) {
    let civil = civil(time);
    push_padded(out, civil.year().unsigned_abs(), 4);
    for (before, part) in [
        ('-', civil.month()),
        ('-', civil.day()),
        ('T', civil.hour()),
        (':', civil.minute()),
    ] {
        out.push(before);
        push_padded(out, part.unsigned_abs(), 2);
    }
    out.push(':');
    push_padded(out, civil.second().unsigned_abs(), 2);
    let nanos = civil.subsec_nanosecond().unsigned_abs();
    let (fraction, width) = match nanos {
        0 => return out.push('Z'),
        _ if nanos.is_multiple_of(1_000_000) => (nanos / 1_000_000, 3),
        _ if nanos.is_multiple_of(1_000) => (nanos / 1_000, 6),
        _ => (nanos, 9),
    };
    out.push('.');
    push_padded(out, fraction, width);
    out.push('Z');
}

/// A time as `hubble observe` prints it, Go's layout `Jan _2 15:04:05.000` in UTC; `N/A` if it is
/// not known.
pub fn push_stamp(out: &mut String, time: Timestamp) {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    if !time.is_known() {
        return out.push_str("N/A");
    }
    let civil = civil(time);
    out.push_str(MONTHS[usize::from(civil.month().unsigned_abs() - 1)]);
    out.push_str(if civil.day() < 10 { "  " } else { " " });
    push_decimal(out, civil.day().unsigned_abs());
    for (before, part) in [
        (' ', civil.hour()),
        (':', civil.minute()),
        (':', civil.second()),
    ] {
        out.push(before);
        push_padded(out, part.unsigned_abs(), 2);
    }
    out.push('.');
    push_padded(out, civil.millisecond().unsigned_abs(), 3);
}

fn civil(time: Timestamp) -> DateTime {
    let time = jiff::Timestamp::from_nanosecond(i128::from(time.0))
        .expect("64 bits of nanoseconds end in 2554");
    Offset::UTC.to_datetime(time)
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, push_address, push_padded, push_rfc3339, push_signed, push_stamp};

    fn text(push: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        push(&mut out);
        out
    }

    #[test]
    fn times_are_written_as_protobuf_and_as_hubble_write_them() {
        let second = 1_772_359_200_000_000_000;
        let cases = [
            (second, "2026-03-01T10:00:00Z", "Mar  1 10:00:00.000"),
            (
                second + 120_000_000,
                "2026-03-01T10:00:00.120Z",
                "Mar  1 10:00:00.120",
            ),
            (
                second + 123_450_000,
                "2026-03-01T10:00:00.123450Z",
                "Mar  1 10:00:00.123",
            ),
            (
                second + 999_999_999,
                "2026-03-01T10:00:00.999999999Z",
                "Mar  1 10:00:00.999",
            ),
            (
                second + 9 * 86_400_000_000_000,
                "2026-03-10T10:00:00Z",
                "Mar 10 10:00:00.000",
            ),
            (1, "1970-01-01T00:00:00.000000001Z", "Jan  1 00:00:00.000"),
            (0, "1970-01-01T00:00:00Z", "N/A"),
            (
                u64::MAX,
                "2554-07-21T23:34:33.709551615Z",
                "Jul 21 23:34:33.709",
            ),
        ];
        for (nanos, rfc3339, stamp) in cases {
            assert_eq!(text(|out| push_rfc3339(out, Timestamp(nanos))), rfc3339);
            assert_eq!(text(|out| push_stamp(out, Timestamp(nanos))), stamp);
        }
    }

    #[test]
    fn numbers_have_all_their_digits() {
        let cases = [
            (0, 1, "0"),
            (7, 3, "007"),
            (1000, 3, "1000"),
            (u64::MAX, 1, "18446744073709551615"),
        ];
        for (n, width, expected) in cases {
            assert_eq!(text(|out| push_padded(out, n, width)), expected);
        }
        assert_eq!(text(|out| push_signed(out, i32::MIN)), "-2147483648");
        assert_eq!(
            text(|out| push_signed(out, i64::MIN)),
            "-9223372036854775808"
        );
    }

    #[test]
    fn addresses_are_written_as_go_writes_them() {
        for address in [
            "10.0.1.255",
            "0.0.0.0",
            "fd00::1:0:0:1",
            "::",
            "64:ff9b::102:304",
        ] {
            assert_eq!(
                text(|out| push_address(out, address.parse().unwrap())),
                address
            );
        }
        assert_eq!(
            text(|out| push_address(out, "::ffff:10.0.0.1".parse().unwrap())),
            "::ffff:10.0.0.1"
        );
    }
}
