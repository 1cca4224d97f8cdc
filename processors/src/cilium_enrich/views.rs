//! What an address looked like lately: names are put together once and shared by the flows that
//! show them.

use std::sync::Arc;

use tidegate_model::flow::EndpointNames;

/// How many looks of an address are kept: with the identity of its pod, and with those that other
/// observers see.
const MOST_VIEWS: usize = 4;

/// What the names on a flow depend on, beside the address.
#[derive(Debug)]
pub(super) enum Look {
    /// The identity, on a flow of the datapath.
    Identity(u32),
    /// The names of the record, on a flow of a proxy.
    Record(Option<Arc<EndpointNames>>),
}

/// What a flow is given.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The endpoint on this node; 0 for none.
    pub(super) id: u32,
    pub(super) names: Arc<EndpointNames>,
}

/// The views of one address.
#[derive(Debug, Default)]
pub(super) struct Views {
    /// The table's version that they are of.
    version: u64,
    kept: Vec<(Look, View)>,
}

impl Views {
    /// The view, if it was kept at this version of the table.
    pub(super) fn find(&self, version: u64, look: &Look) -> Option<&View> {
        let kept = if self.version == version {
            &self.kept[..]
        } else {
            &[]
        };
        kept.iter()
            .find(|(other, _)| other.is(look))
            .map(|(_, view)| view)
    }

    /// Keeps a view, and those of this version, if there are not too many.
    pub(super) fn keep(&mut self, version: u64, look: Look, view: View) {
        if self.version != version || self.kept.len() == MOST_VIEWS {
            self.version = version;
            self.kept.clear();
        }
        self.kept.push((look, view));
    }
}

impl Look {
    /// Records' names are compared by pointer, which no others have as long as these are kept here.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Identity(one), Self::Identity(other)) => one == other,
            (Self::Record(Some(one)), Self::Record(Some(other))) => Arc::ptr_eq(one, other),
            (Self::Record(None), Self::Record(None)) => true,
            _ => false,
        }
    }
}
