//! Which lists are complete.

use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::names::{NamesList, NamesSource};

use crate::times::set_back;

/// When the last complete list of each kind was requested.
#[derive(Debug, Default)]
pub(crate) struct Lists(HashMap<(NamesSource, NamesList), Timestamp>);

impl Lists {
    /// Whether a portion of a list is older than a complete one, or a part of it that another
    /// pipeline has delivered. The Kubernetes API is watched, so that changes of the same time
    /// follow its list.
    pub(crate) fn is_outdated(
        &self,
        source: NamesSource,
        list: NamesList,
        asked: Timestamp,
    ) -> bool {
        let complete = self.0.get(&(source, list));
        complete.is_some_and(|complete| match source {
            NamesSource::Kubernetes => asked < *complete,
            NamesSource::CiliumApi | NamesSource::Dns => asked <= *complete,
        })
    }

    /// Notes that a list is complete.
    pub(crate) fn complete(&mut self, source: NamesSource, list: NamesList, asked: Timestamp) {
        self.0.insert((source, list), asked);
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        set_back(self.0.values_mut(), by);
    }

    /// When the last complete list was requested.
    pub(crate) fn completed(&self, source: NamesSource, list: NamesList) -> Option<Timestamp> {
        self.0.get(&(source, list)).copied()
    }

    /// When the agent's last complete list of addresses was requested.
    pub(crate) fn completed_addresses(&self) -> Option<Timestamp> {
        self.completed(NamesSource::CiliumApi, NamesList::Addresses)
    }

    /// All complete lists.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (NamesSource, NamesList, Timestamp)> {
        let lists = self.0.iter();
        lists.map(|((source, list), asked)| (*source, *list, *asked))
    }
}
