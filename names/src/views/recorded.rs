//! The views of addresses in proxies' records, which have labels of their own.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::{Address, Endpoint, EndpointNames, ServiceName};

use crate::reject_reason::RejectReason;
use crate::services::{ServicePorts, at_port};
use crate::shared::TableWriter;
use crate::versions::Dependencies;

/// The largest number of addresses. All views are dropped when there are more.
const MAX_ADDRESSES: usize = 2048;
/// The largest number of views of one address.
const MAX_VIEWS: usize = 4;

/// What a flow of a record shows of an address.
#[derive(Clone, Debug)]
pub(super) struct RecordedView {
    version: u32,
    depends: Dependencies,
    /// The names of the record.
    record: Option<Arc<EndpointNames>>,
    pub(super) names: Option<Arc<EndpointNames>>,
    services: Option<ServicePorts>,
    pub(super) has_dns_names: bool,
}

impl RecordedView {
    /// The service at a port.
    pub(super) fn service(&self, port: u16) -> Option<&Arc<ServiceName>> {
        at_port(self.services.as_ref()?, port)
    }

    /// Compares names by their address in memory, which is unique while the view keeps them alive.
    fn is_of(&self, record: Option<&Arc<EndpointNames>>) -> bool {
        match (&self.record, record) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }
}

/// The views, by address.
#[derive(Debug, Default)]
pub(super) struct RecordedViews {
    views: HashMap<Option<Address>, Vec<RecordedView>>,
    /// Why labels of records were not learned.
    pub(super) rejected: Vec<RejectReason>,
}

impl RecordedViews {
    /// The view of an address for a record. The labels of a new record are learned for its identity.
    pub(super) fn find_or_compose(
        &mut self,
        writer: &TableWriter,
        address: Option<Address>,
        endpoint: &Endpoint,
    ) -> RecordedView {
        let record = endpoint.names.as_ref();
        let views = self.views.get(&address);
        let known = views.and_then(|views| views.iter().find(|view| view.is_of(record)));
        if let Some(view) = known
            && view.version == writer.table().versions().sum(view.depends)
        {
            return view.clone();
        }
        writer.observe(endpoint.identity);
        if let Some(labels) = record {
            let rejected = writer.learn(endpoint.identity, labels).err();
            self.rejected.extend(rejected);
        }
        let view = compose(writer, address, endpoint);
        self.insert(address, view.clone());
        view
    }

    fn insert(&mut self, address: Option<Address>, view: RecordedView) {
        if self.views.len() >= MAX_ADDRESSES {
            self.views.clear();
        }
        let views = self.views.entry(address).or_default();
        views.retain(|other| !other.is_of(view.record.as_ref()));
        if views.len() == MAX_VIEWS {
            views.remove(0);
        }
        views.push(view);
    }
}

fn compose(writer: &TableWriter, address: Option<Address>, endpoint: &Endpoint) -> RecordedView {
    let table = writer.table().read();
    let resolved = table.resolve_recorded(address, endpoint.names.as_ref());
    let depends = Dependencies::new(address, endpoint.identity);
    RecordedView {
        version: table.versions.sum(depends),
        depends,
        record: endpoint.names.clone(),
        names: resolved.names,
        services: resolved.services,
        has_dns_names: resolved.has_dns_names,
    }
}
