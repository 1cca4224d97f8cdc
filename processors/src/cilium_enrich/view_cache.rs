//! Caches what flows show of an address, so that names are composed once and shared by flows.

use std::sync::Arc;

use tidegate_model::flow::EndpointNames;

/// The largest number of views of one address: one with the identity of its pod, and others with
/// the identities that other observers see.
const MAX_VIEWS: usize = 4;

/// What the view of an address depends on, besides the table.
#[derive(Debug)]
pub(super) enum ViewKey {
    /// The identity, on a flow of the datapath.
    Identity(u32),
    /// The names of the record, on a flow of a proxy.
    Record(Option<Arc<EndpointNames>>),
}

/// What a flow shows of an address.
#[derive(Clone, Debug)]
pub(super) struct EndpointView {
    /// The endpoint on this node, or 0.
    pub(super) id: u32,
    pub(super) names: Arc<EndpointNames>,
}

/// The cached views of one address.
#[derive(Debug, Default)]
pub(super) struct ViewCache {
    /// The version of the table for which the views are valid.
    version: u64,
    views: Vec<(ViewKey, EndpointView)>,
}

impl ViewCache {
    /// The view for a key, if it is cached for this version of the table.
    pub(super) fn find(&self, version: u64, key: &ViewKey) -> Option<&EndpointView> {
        if self.version != version {
            return None;
        }
        let mut views = self.views.iter();
        views
            .find(|(other, _)| other.matches(key))
            .map(|(_, view)| view)
    }

    /// Adds a view. Removes views of another version, and all views if there are too many.
    pub(super) fn insert(&mut self, version: u64, key: ViewKey, view: EndpointView) {
        if self.version != version || self.views.len() == MAX_VIEWS {
            self.version = version;
            self.views.clear();
        }
        self.views.push((key, view));
    }
}

impl ViewKey {
    /// Compares names by their address in memory, which is unique while the cache keeps them alive.
    fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Identity(one), Self::Identity(other)) => one == other,
            (Self::Record(Some(one)), Self::Record(Some(other))) => Arc::ptr_eq(one, other),
            (Self::Record(None), Self::Record(None)) => true,
            _ => false,
        }
    }
}
