//! The hop-by-hop options of IPv6 (RFC 8200), which gopacket reads as part of the IPv6 header, with
//! the length of a jumbogram (RFC 2675).

use super::Reason;

const JUMBOGRAM: u8 = 0xc2;
const MAX_PAYLOAD: u32 = 65_535;

/// The decoded options.
#[derive(Debug, Clone, Copy)]
pub(super) struct HopByHop {
    pub(super) protocol: u8,
    /// The length of the options, in bytes.
    pub(super) options_len: usize,
    /// The length of a jumbogram, in bytes.
    pub(super) jumbo_len: Option<usize>,
}

pub(super) fn decode(payload: &[u8]) -> Result<HopByHop, Reason> {
    let [protocol, len, ..] = *payload else {
        return Err(Reason::Ipv6BadHopByHop);
    };
    let options_len = usize::from(len) * 8 + 8;
    if payload.len() < options_len {
        return Err(Reason::Ipv6BadHopByHop);
    }
    let jumbogram = find_jumbogram(payload, options_len)?;
    Ok(HopByHop {
        protocol,
        options_len,
        jumbo_len: jumbogram.map(jumbo_len).transpose()?,
    })
}

/// Checks all options and returns the first jumbogram's data.
///
/// As in gopacket, an option may exceed the end of the options, and a pad byte needs a byte after
/// it.
fn find_jumbogram(payload: &[u8], options_len: usize) -> Result<Option<&[u8]>, Reason> {
    let mut found = None;
    let mut at = 2;
    while at < options_len {
        at += match payload[at..] {
            [0, _, ..] => 1,
            [kind, len, ref rest @ ..] => {
                let data = rest.get(..len.into()).ok_or(Reason::Ipv6BadHopByHop)?;
                if kind == JUMBOGRAM && found.is_none() {
                    found = Some(data);
                }
                2 + data.len()
            }
            _ => return Err(Reason::Ipv6BadHopByHop),
        };
    }
    Ok(found)
}

fn jumbo_len(data: &[u8]) -> Result<usize, Reason> {
    let len: [u8; 4] = data.try_into().map_err(|_| Reason::Ipv6BadJumbogram)?;
    match u32::from_be_bytes(len) {
        ..=MAX_PAYLOAD => Err(Reason::Ipv6BadJumbogram),
        len => usize::try_from(len).map_err(|_| Reason::Ipv6BadJumbogram),
    }
}
