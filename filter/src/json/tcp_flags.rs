//! `flow.TCPFlags`: an object with a member for each flag.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use tidegate_model::flow::TcpFlags;

/// Reads a list of sets of flags; `null` is an empty one.
pub(crate) fn tcp_flags<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<TcpFlags>, D::Error> {
    let sets: Vec<FlagSet> = super::value(input)?;
    Ok(sets.into_iter().map(|set| set.0).collect())
}

struct FlagSet(TcpFlags);

impl<'de> Deserialize<'de> for FlagSet {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let members: BTreeMap<String, Option<bool>> = BTreeMap::deserialize(input)?;
        let mut bits = 0;
        for (name, is_set) in members {
            let bit = flag_bit(&name)
                .ok_or_else(|| D::Error::custom(format!("unknown field `{name}`")))?;
            if is_set == Some(true) {
                bits |= bit;
            }
        }
        Ok(Self(TcpFlags(bits)))
    }
}

fn flag_bit(name: &str) -> Option<u16> {
    let found = TcpFlags::NAMES.iter().find(|(_, known)| *known == name);
    found.map(|(bit, _)| *bit)
}
