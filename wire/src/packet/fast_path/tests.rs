//! Holds the fast path to the general walk.

use proptest::prelude::*;

use super::*;
use crate::packet::decoded::Decoders;
use crate::packet::walk::walk;

/// What the general walk decodes, and what the fast path does.
fn both(bytes: &[u8]) -> (Option<Packet<'_>>, Option<Packet<'_>>) {
    let mut walked = Packet::default();
    let walked = walk(bytes, Layer::Ethernet, Decoders::Outer, &mut walked)
        .ok()
        .map(|_| walked);
    (walked, parse(bytes).map(Packet::from))
}

/// Ethernet, IP, and `transport` with its protocol's number; `length` is what the IP header
/// says of it.
fn packet(is_ipv6: bool, protocol: u8, length: u16, transport: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2; 12];
    if is_ipv6 {
        bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
        bytes.extend(length.to_be_bytes());
        bytes.extend([protocol, 64]);
        bytes.extend(1..=32);
    } else {
        bytes.extend([8, 0, 0x45, 0]);
        bytes.extend((20 + length).to_be_bytes());
        bytes.extend([0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    }
    bytes.extend(transport);
    bytes
}

#[test]
fn common_packets_take_the_fast_path() {
    let tcp = [
        [0, 80, 1, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0x50, 0x18].as_slice(),
        &[0; 6],
        b"GET",
    ]
    .concat();
    let mut timestamp = [&tcp[..20], &TCP_TIMESTAMP, &[7; 8], b"GET"].concat();
    timestamp[12] = 0x80;
    let mut syn = [&tcp[..20], &[2, 4, 5, 0xb4, 1, 3, 3, 7], b"GET"].concat();
    syn[12] = 0x70;
    let udp = [0, 53, 1, 2, 0, 11, 0, 0, b'a', b'b', b'c'];
    for (protocol, transport) in [(6, &tcp[..]), (6, &timestamp), (6, &syn), (17, &udp)] {
        for is_ipv6 in [false, true] {
            let bytes = packet(is_ipv6, protocol, transport.len() as u16, transport);
            let (walked, fast) = both(&bytes);
            assert_eq!(
                fast.expect("a common packet").payload.len(),
                3,
                "{protocol}"
            );
            assert_eq!(fast, walked, "{protocol}");
        }
    }
}

proptest! {
    #[test]
    fn the_fast_path_and_the_walk_agree(
        is_ipv6: bool,
        protocol in prop::sample::select(vec![0_u8, 1, 6, 17, 58]),
        length in 0_u16..70,
        transport in prop::collection::vec(any::<u8>(), 0..70),
        (offset, timestamp) in (0x4_u8..0xa, any::<bool>()),
        patch in prop::option::of((0_usize..80, any::<u8>())),
        cut in 0_usize..130,
    ) {
        let mut bytes = packet(is_ipv6, protocol, length, &transport);
        let at = ETHERNET + if is_ipv6 { IPV6 } else { IPV4 };
        if let Some(byte) = bytes.get_mut(at + 12) {
            *byte = offset << 4;
        }
        if let Some(options) = bytes.get_mut(at + 20..at + 24).filter(|_| timestamp) {
            options.copy_from_slice(&TCP_TIMESTAMP);
        }
        if let Some((at, byte)) = patch && at < bytes.len() {
            bytes[at] = byte;
        }
        bytes.truncate(cut);
        let (walked, fast) = both(&bytes);
        prop_assert!(fast.is_none() || fast == walked, "{fast:?}\n{walked:?}");
    }
}
