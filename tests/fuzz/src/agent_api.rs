//! A list of the Cilium agent's API, whole and in pieces.
//!
//! The input is a byte that chooses the list, four bytes, the lengths of the pieces in turn, minus one,
//! and the text.

use tidegate_receivers::cilium_api::{ApiList, ListCounts, ListParser};

use super::gob::chunks;
use super::memory::Bound;

/// An entry of two bytes of JSON, such as `{}`, is some hundred bytes, and its vector doubles.
const BOUND: Bound = Bound {
    each: 1024,
    base: 64 << 10,
};

/// What was read of a list.
#[derive(Debug, PartialEq)]
struct Read {
    is_valid: bool,
    counts: ListCounts,
}

/// Reads the list at once and in pieces.
///
/// # Panics
/// If the two differ, or if too much is allocated.
pub fn run(data: &[u8]) {
    let Some((list, rest)) = data.split_first() else {
        return;
    };
    let Some((lengths, text)) = rest.split_first_chunk::<4>() else {
        return;
    };
    let list = ApiList::ALL[usize::from(*list) % ApiList::ALL.len()];
    BOUND.holds(text.len(), || {
        read(list, [text]);
    });
    let whole = read(list, [text]);
    let pieces = read(list, chunks(text, lengths));
    assert_eq!(pieces, whole);
}

fn read<'a>(list: ApiList, pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut parser = ListParser::new(list);
    let mut entries = 0;
    let mut is_valid = true;
    for piece in pieces {
        match parser.push(piece) {
            Ok(portion) => entries += portion.map_or(0, |portion| portion.len()),
            Err(_) => {
                is_valid = false;
                break;
            }
        }
    }
    if is_valid {
        match parser.finish() {
            Ok(portion) => entries += portion.map_or(0, |portion| portion.len()),
            Err(_) => is_valid = false,
        }
    }
    let counts = parser.counts();
    if is_valid {
        assert_eq!(
            counts.entries, entries as u64,
            "every entry is in a portion"
        );
    }
    Read { is_valid, counts }
}

/// The samples of all lists, in pieces of several lengths.
pub fn seeds() -> Vec<Vec<u8>> {
    const SAMPLES: [&[u8]; 7] = [
        include_bytes!("../../golden/cilium-api/identity.json"),
        include_bytes!("../../golden/cilium-api/ip.json"),
        include_bytes!("../../golden/cilium-api/endpoint.json"),
        include_bytes!("../../golden/cilium-api/service.json"),
        include_bytes!("../../golden/cilium-api/cgroups.json"),
        include_bytes!("../../golden/cilium-api/fqdn_cache.json"),
        include_bytes!("../../golden/cilium-api/cluster_nodes.json"),
    ];
    let lists = (0_u8..).zip(SAMPLES);
    lists
        .map(|(list, text)| {
            let text = &text[..text.len().min(4096)];
            [&[list, 0, 7, 80, 255], text].concat()
        })
        .collect()
}
