//! Ids of flows.
//!
//! Hubble draws a random version 4 UUID for each event. Here the id is a function of the node's
//! name and the flow's time, position in the stream and type: every exporter gives a flow the same
//! id without keeping it, and frames that are replayed with their times give the same ids again.

use std::fmt;

use tidegate_model::flow::Flow;

use crate::text::hex_text;

/// A version 4 UUID by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uuid([u8; 16]);

/// The ids of one node's flows.
#[derive(Clone, Copy, Debug)]
pub struct Uuids {
    node: u128,
}

impl Uuids {
    /// For flows of the node, by its name on flows.
    #[must_use]
    pub fn new(node_name: &str) -> Self {
        Self {
            node: fnv1a(node_name.as_bytes()),
        }
    }

    /// The id of a flow. The type takes part because a packet and the message found in it are two
    /// flows with one position.
    #[must_use]
    pub fn of(&self, flow: &Flow) -> Uuid {
        let position = u128::from(flow.time.0) << 64 | u128::from(flow.seq);
        let bits = mix(mix(self.node ^ u128::from(flow.flow_type as u8)) ^ position);
        let version_4 = bits & !(0xf << 76) | 0x4 << 76;
        Uuid((version_4 & !(0b11 << 62) | 0b10 << 62).to_be_bytes())
    }
}

/// Spreads every bit over all bits, and maps no two numbers to one: shifts and odd factors can be
/// undone.
fn mix(mut bits: u128) -> u128 {
    const FACTOR: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;
    for shift in [65, 69, 67] {
        bits ^= bits >> shift;
        bits = bits.wrapping_mul(FACTOR);
    }
    bits ^ bits >> 64
}

/// The Fowler-Noll-Vo hash of 128 bits.
fn fnv1a(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
    })
}

impl Uuid {
    /// The 16 bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// The canonical text, which is ASCII.
    #[must_use]
    pub fn text(self) -> [u8; 36] {
        let mut digits = [0; 32];
        for (four, text) in self
            .0
            .as_chunks::<4>()
            .0
            .iter()
            .zip(digits.as_chunks_mut::<8>().0)
        {
            *text = hex_text(*four);
        }
        let mut text = [b'-'; 36];
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

    /// Appends the canonical text.
    pub fn push_to(self, out: &mut String) {
        out.push_str(std::str::from_utf8(&self.text()).unwrap_or_default());
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tidegate_model::Timestamp;
    use tidegate_model::flow::{Flow, FlowType};

    use super::{Uuid, Uuids};

    fn flow(time: u64, seq: u64) -> Flow {
        Flow {
            time: Timestamp(time),
            seq,
            flow_type: FlowType::L34,
            ..Flow::default()
        }
    }

    #[test]
    fn the_text_has_the_form_of_version_4() {
        for seq in 0..1000 {
            let text = Uuids::new("default/node-a")
                .of(&flow(1_772_359_200_123_456_789, seq))
                .to_string();
            let groups: Vec<_> = text.split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12], "{text}");
            assert_eq!(&text[14..15], "4", "{text}");
            assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
        }
    }

    #[test]
    fn ids_are_the_same_in_every_process() {
        let id = Uuids::new("default/node-a").of(&flow(1_772_359_200_123_456_789, 1));
        assert_eq!(id.to_string(), "c7671a65-e1d5-4a99-af35-45ed482d7e23");
    }

    #[test]
    fn node_time_position_and_type_each_make_another_id() {
        let node = Uuids::new("default/node-a");
        let message = Flow {
            flow_type: FlowType::L7,
            ..flow(1, 1)
        };
        let ids: HashSet<Uuid> = (0..100)
            .flat_map(|n| [node.of(&flow(n, 7)), node.of(&flow(1000, n))])
            .chain([
                Uuids::new("default/node-b").of(&flow(1, 7)),
                node.of(&flow(1, 1)),
                node.of(&message),
            ])
            .collect();
        assert_eq!(ids.len(), 203);
    }

    #[test]
    fn neighbours_differ_in_about_half_of_their_bits() {
        let node = Uuids::new("default/node-a");
        let bits = |seq| u128::from_be_bytes(node.of(&flow(5, seq)).bytes());
        let differing: u32 = (0..1000)
            .map(|seq| (bits(seq) ^ bits(seq + 1)).count_ones())
            .sum();
        assert!(
            (59_000..63_000).contains(&differing),
            "{differing} of 122000"
        );
    }
}
