//! UUIDs of flows.
//!
//! Hubble draws a random UUID (version 4) for each event. Here it is a hash of the node's name and
//! the flow's time, position in the stream and type, in the form that RFC 9562 has for that
//! (version 8). So every exporter gives a flow the same UUID without storing it, and a replay of
//! the same frames with the same times gives the same UUIDs again.

use sha2::{Digest, Sha256};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::{Flow, FlowType};
use crate::time::Timestamp;

/// Computes the UUIDs of one node's flows.
#[derive(Clone, Copy, Debug)]
pub struct FlowIds {
    /// A key for each type of flow, because a packet and a message that was found in it are two
    /// flows with the same time and position.
    keys: [u128; FLOW_TYPES],
}

const FLOW_TYPES: usize = FlowType::Sock as usize + 1;

impl FlowIds {
    /// For flows of the node `<cluster>/<node>`.
    #[must_use]
    pub fn new(node_name: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(node_name).into();
        let node = digest.first_chunk().copied().map_or(0, u128::from_be_bytes);
        Self {
            keys: std::array::from_fn(|flow_type| mix(node ^ flow_type as u128)),
        }
    }

    /// Returns the UUID of a flow.
    #[must_use]
    pub fn id(&self, flow: &Flow) -> Uuid {
        let position = u128::from(flow.time.0) << 64 | u128::from(flow.seq);
        let bits = mix(self.keys[flow.flow_type as usize] ^ position);
        Uuid::new_v8(bits.to_be_bytes())
    }

    /// Returns the UUID of a record that is not a flow. `kind` is the number of its kind, and
    /// `detail` distinguishes records of the same kind and time.
    #[must_use]
    pub fn event_id(&self, kind: u8, time: Timestamp, detail: u64) -> Uuid {
        // No type of flow has such a number.
        let key = mix(self.keys[0] ^ (0x100 | u128::from(kind)));
        let position = u128::from(time.0) << 64 | u128::from(detail);
        Uuid::new_v8(mix(key ^ position).to_be_bytes())
    }
}

/// Spreads every bit over all bits. A bijection: it consists of shifts and multiplications by an
/// odd number, so different positions give different results.
///
/// SipHash-1-3 instead would add 3 % to the instructions of an OTLP log record.
fn mix(mut bits: u128) -> u128 {
    const FACTOR: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;
    for shift in [65, 69, 67] {
        bits ^= bits >> shift;
        bits = bits.wrapping_mul(FACTOR);
    }
    bits ^ bits >> 64
}

/// Returns the canonical text of a UUID.
///
/// `uuid` takes 56 instructions more, 2 % of those of an OTLP log record.
#[must_use]
pub fn uuid_text(uuid: Uuid) -> [u8; Hyphenated::LENGTH] {
    let mut digits = [0; 2 * size_of::<Uuid>()];
    let bytes = uuid.as_bytes().as_chunks::<4>().0;
    for (chunk, text) in bytes.iter().zip(digits.as_chunks_mut::<8>().0) {
        *text = hex_text(*chunk);
    }
    let mut text = [b'-'; Hyphenated::LENGTH];
    for (group, at) in [
        (0..8, 0),
        (8..12, 9),
        (12..16, 14),
        (16..20, 19),
        (20..32, 24),
    ] {
        text[at..at + group.len()].copy_from_slice(&digits[group]);
    }
    text
}

/// Returns four bytes as hexadecimal digits, all computed at once: every half of a byte is moved
/// into a byte of its own, and the distance to `0` or `a` is added to all.
pub(super) fn hex_text(bytes: [u8; 4]) -> [u8; 8] {
    let mut halves = u64::from(u32::from_be_bytes(bytes));
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
    ] {
        halves = (halves << shift | halves) & mask;
    }
    let letters = (halves + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (halves + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'0' - 10)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use uuid::{Variant, Version};

    use crate::Timestamp;

    use super::{Flow, FlowIds, FlowType, Uuid, uuid_text};

    fn flow(time: u64, seq: u64) -> Flow {
        Flow {
            time: Timestamp(time),
            seq,
            flow_type: FlowType::L34,
            ..Flow::default()
        }
    }

    #[test]
    fn ids_are_uuids_of_version_8() {
        for seq in 0..1000 {
            let id = FlowIds::new("default/node-a").id(&flow(1_772_359_200_123_456_789, seq));
            assert_eq!(id.get_version(), Some(Version::Custom), "{id}");
            assert_eq!(id.get_variant(), Variant::RFC4122, "{id}");
        }
    }

    #[test]
    fn ids_are_the_same_in_every_process_and_release() {
        let id = FlowIds::new("default/node-a").id(&flow(1_772_359_200_123_456_789, 1));
        assert_eq!(id.to_string(), "2f7ab693-47bd-8917-a87c-64122e55d6d1");
    }

    #[test]
    fn node_time_position_and_type_each_change_the_id() {
        let node = FlowIds::new("default/node-a");
        let message = Flow {
            flow_type: FlowType::L7,
            ..flow(1, 1)
        };
        let ids: HashSet<Uuid> = (0..100)
            .flat_map(|n| [node.id(&flow(n, 7)), node.id(&flow(1000, n))])
            .chain([
                FlowIds::new("default/node-b").id(&flow(1, 7)),
                node.id(&flow(1, 1)),
                node.id(&message),
            ])
            .collect();
        assert_eq!(ids.len(), 203);
    }

    #[test]
    fn consecutive_ids_differ_in_about_half_of_their_bits() {
        let node = FlowIds::new("default/node-a");
        let bits = |seq| node.id(&flow(5, seq)).as_u128();
        let differing: u32 = (0..1000)
            .map(|seq| (bits(seq) ^ bits(seq + 1)).count_ones())
            .sum();
        assert!(
            (59_000..63_000).contains(&differing),
            "{differing} of 122000"
        );
    }

    proptest! {
        #[test]
        fn the_text_of_a_uuid_is_that_of_its_crate(bits: u128) {
            let uuid = Uuid::from_u128(bits);
            prop_assert_eq!(uuid_text(uuid).to_vec(), uuid.to_string().into_bytes());
        }
    }
}
