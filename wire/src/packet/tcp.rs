//! TCP. The lengths of options are checked; their values are ignored.

use super::decoded::DecodedLayer;
use super::{L4, Packet, Reason, TcpFlags, TcpNumbers};

const HEADER: usize = 20;

mod option {
    pub(super) const END: u8 = 0;
    pub(super) const NOP: u8 = 1;
    pub(super) const MPTCP: u8 = 30;
}

pub(super) fn decode(data: &[u8], packet: &mut Packet<'_>) -> Result<DecodedLayer, Reason> {
    let header: &[u8; HEADER] = data.first_chunk().ok_or(Reason::TcpTooShort)?;
    let start = usize::from(header[12] >> 4) * 4;
    if start < HEADER {
        return Err(Reason::TcpBadOffset);
    }
    check_options(data.get(HEADER..start).ok_or(Reason::TcpTooShort)?)?;
    let flags = TcpFlags(u16::from_be_bytes([header[12] & 0x01, header[13]]));
    packet.l4 = L4::Tcp {
        source_port: u16::from_be_bytes([header[0], header[1]]),
        destination_port: u16::from_be_bytes([header[2], header[3]]),
        flags: Some(flags),
    };
    packet.tcp = Some(TcpNumbers {
        sequence: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
        acknowledgment: flags
            .has(TcpFlags::ACK)
            .then(|| u32::from_be_bytes([header[8], header[9], header[10], header[11]])),
    });
    Ok(DecodedLayer {
        next: None,
        start,
        end: data.len(),
        is_transport: true,
    })
}

/// Checks the options of a header as gopacket does.
pub(super) fn check_options(mut options: &[u8]) -> Result<(), Reason> {
    while let Some((&kind, rest)) = options.split_first() {
        let len = match kind {
            option::END => return Ok(()),
            option::NOP => 1,
            option::MPTCP => mptcp_len(options)?,
            _ => rest
                .first()
                .copied()
                .filter(|&len| len >= 2)
                .ok_or(Reason::TcpBadOption)?,
        };
        options = options.get(len.into()..).ok_or(Reason::TcpBadOption)?;
    }
    Ok(())
}

/// The length of a multipath option (RFC 8684), if its kind allows it.
///
/// gopacket accepts any length for kinds above 8, even 1, and loops forever on 0, which is refused
/// here.
fn mptcp_len(option: &[u8]) -> Result<u8, Reason> {
    let [_, len, kind, rest @ ..] = option else {
        return Err(Reason::TcpBadMptcpOption);
    };
    let fits = match kind >> 4 {
        0 => matches!(len, 4 | 12 | 20 | 22 | 24),
        1 => matches!(len, 12 | 16 | 24),
        2 => rest.first().is_some_and(|&flags| dss_fits(flags, *len)),
        3 => add_addr_fits(kind & 0x0f, *len),
        4 => *len >= 4,
        5 => matches!(len, 3 | 4),
        6 | 7 => *len == 12,
        8 => *len == 4,
        _ => *len >= 1,
    };
    fits.then_some(*len).ok_or(Reason::TcpBadMptcpOption)
}

/// Whether a data sequence signal has a valid length. Its flags determine the numbers in it, and a
/// checksum of two bytes may end the mapping.
fn dss_fits(flags: u8, len: u8) -> bool {
    let [wide_mapping, mapping, wide_ack, ack] =
        [0x08, 0x04, 0x02, 0x01].map(|bit| flags & bit != 0);
    let mut expected = 4;
    if ack {
        expected += if wide_ack { 8 } else { 4 };
    }
    if mapping {
        expected += if wide_mapping { 14 } else { 10 };
    }
    len == expected || (mapping && len == expected + 2)
}

/// Whether an address, with or without port, has a valid length. Version 0 has 4 or 6 in the low
/// bits. Version 1 has an echo bit, and without it a hash of eight bytes.
fn add_addr_fits(low_bits: u8, len: u8) -> bool {
    let hash = if low_bits == 0 { 8 } else { 0 };
    matches!(len.wrapping_sub(hash), 8 | 10 | 20 | 22)
}
