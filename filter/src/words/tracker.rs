//! The filters of one list, as its flags are added.

use super::flag::Effect;
use super::namespaces::Namespaces;
use super::{CONFLICTS, Flag, WordError};
use crate::FlowFilter;

/// The flags of one list so far.
///
/// They make two filters, of which one has to match, as in Hubble: flags of either side of a flow set
/// the sender's field in the first and the receiver's in the second, all others set both.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    first: FlowFilter,
    second: FlowFilter,
    namespaces: Namespaces,
    /// The names of the flags.
    used: Vec<&'static str>,
}

impl Tracker {
    /// Adds a flag.
    pub(super) fn set(&mut self, flag: &'static Flag, value: &str) -> Result<(), WordError> {
        if !self.used.contains(&flag.name) {
            self.used.push(flag.name);
        }
        self.check_conflicts()?;
        let invalid = |reason| WordError::InvalidValue {
            flag: flag.name,
            value: value.to_owned(),
            reason,
        };
        match flag.effect {
            Effect::Field(set) => {
                set(&mut self.first, value).map_err(invalid)?;
                set(&mut self.second, value).map_err(invalid)?;
            }
            Effect::Either(set_source, set_destination) => {
                set_source(&mut self.first, value).map_err(invalid)?;
                set_destination(&mut self.second, value).map_err(invalid)?;
            }
            Effect::Namespace(of) => self.namespaces.add(of, value),
            Effect::AnyNamespace(of) => self.namespaces.add(of, ""),
            Effect::Not | Effect::Allowlist | Effect::Denylist => {}
        }
        let contradiction = self
            .namespaces
            .contradiction(&self.first)
            .or_else(|| self.namespaces.contradiction(&self.second));
        contradiction.map_or(Ok(()), |text| Err(WordError::Namespaces(text)))
    }

    fn check_conflicts(&self) -> Result<(), WordError> {
        for group in CONFLICTS {
            let mut used = group.iter().filter(|name| self.used.contains(name));
            if let (Some(one), Some(other)) = (used.next(), used.next()) {
                return Err(WordError::Conflict(one, other));
            }
        }
        Ok(())
    }

    /// The filters: none without flags, one if both are the same.
    pub(super) fn into_filters(mut self) -> Vec<FlowFilter> {
        if self.used.is_empty() {
            return Vec::new();
        }
        self.namespaces.apply(&mut self.first, &mut self.second);
        if self.first == self.second {
            vec![self.first]
        } else {
            vec![self.first, self.second]
        }
    }
}
