//! Frontends of services, as Cilium makes them of Kubernetes' services (`convertService` in
//! `pkg/loadbalancer/reflectors/conversions.go`, v1.19.4).
//!
//! Not known here, and therefore left out or ignored: whether Cilium replaces kube-proxy, its
//! exposure of services to some nodes only, local redirects, and addresses of other nodes.

mod frontends;
mod service;
#[cfg(test)]
mod tests;

use tidegate_model::names::{NamesContent, NamesList, Removal, ServiceFrontend};
use tokio::sync::watch;

use self::service::Service;
use super::node::NodeAddresses;
use super::portion::Portion;
use super::resource::{Resource, Selection, TooManyNames};

/// Turns services into their frontends.
#[derive(Debug)]
pub(in crate::kubernetes) struct Services {
    /// The addresses of the own node; `None` if they are not read.
    node: Option<watch::Receiver<NodeAddresses>>,
}

impl Services {
    /// All services, except those that Cilium leaves to others or that have no frontends
    /// (`serviceListLabelSelector` in `pkg/k8s/utils/utils.go`, v1.19.4).
    pub(in crate::kubernetes) const SELECTION: Selection = Selection {
        resource: "services",
        fields: None,
        labels: Some("!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless"),
        is_metadata: false,
        is_few: false,
    };

    /// With the addresses of the own node, for NodePort services.
    pub(in crate::kubernetes) fn new(node: Option<watch::Receiver<NodeAddresses>>) -> Self {
        Self { node }
    }

    fn frontends(&self, service: &Service) -> Result<Vec<ServiceFrontend>, TooManyNames> {
        let addresses = self.node.as_ref().map(watch::Receiver::borrow);
        let addresses = addresses.as_deref().and_then(Option::as_deref);
        frontends::of(service, addresses.unwrap_or_default())
    }
}

impl Resource for Services {
    type Object = Service;

    fn add(&mut self, service: Service, names: &mut Portion) -> Result<(), TooManyNames> {
        let frontends = self.frontends(&service)?;
        if !frontends.is_empty() {
            names.push(NamesContent::Services(frontends));
        }
        Ok(())
    }

    /// A changed service may have lost some of its frontends.
    fn change(&mut self, service: Service, names: &mut Portion) -> Result<(), TooManyNames> {
        let frontends = self.frontends(&service)?;
        self.remove(service, names);
        names.push(NamesContent::Services(frontends));
        Ok(())
    }

    fn remove(&mut self, service: Service, names: &mut Portion) {
        names.push(NamesContent::Removed(vec![Removal::Service {
            namespace: service.metadata.namespace,
            name: service.metadata.name,
        }]));
    }

    fn end_list(&mut self, names: &mut Portion) -> Option<String> {
        names.push(NamesContent::Complete(NamesList::Services));
        None
    }

    async fn ready(&mut self) {
        if let Some(node) = &mut self.node {
            // Fails if the node is no longer read.
            let _ = node.wait_for(Option::is_some).await;
            node.mark_unchanged();
        }
    }

    async fn outdated(&mut self) {
        let changed = match &mut self.node {
            Some(node) => node.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending::<()>().await;
        }
    }
}
