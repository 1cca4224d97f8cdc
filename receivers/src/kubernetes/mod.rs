//! Reads names from the Kubernetes API: workloads of the node's pods, labels of the node, and
//! services. It is for what the Cilium agent's API does not have.
//!
//! The receiver lists each resource in pages and then watches its changes ([`follow`]), with a small
//! client of its own ([`api`]) and the credentials of a pod or a kubeconfig ([`access`]). It stores no
//! objects: what flows need of them ([`names`]) goes on as records.
//!
//! Why not kube-rs: it is a good client for controllers, and this needs two or three watches. It would
//! add 197 packages to the lock file and 265 CPU-seconds to a release build, and needs a newer
//! compiler; types of our own with the few fields that are used are needed in either case. The figures
//! are in `docs/kubernetes.md`.

mod access;
mod api;
mod config;
mod follow;
mod names;
mod resync;
mod status;

pub use config::{Config, Read, Retry};

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use tidegate_model::record::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, Outcomes, Reasons, ReceiverConfig, ReceiverKind,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::requests::{RequestKind, RequestReader};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tokio::sync::watch;

use api::Api;
use follow::{Follower, Way};
use names::{OwnNode, Resource, Selection, Services, Workloads};
use resync::resync;
use status::{ReceiverStatus, ResourceStatus};

/// Drop reason of objects that are larger than `max_object`, or have thousands of names.
const OBJECT_TOO_LARGE: &str = "object_too_large";
/// Drop reason of objects that are not as the API documents them.
const OBJECT_INVALID: &str = "object_invalid";

/// The kind.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "kubernetes",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: &[Reasons::input(&[OBJECT_TOO_LARGE, OBJECT_INVALID])],
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

impl ReceiverConfig for Config {
    fn produces(&self) -> Kinds {
        Kinds::of(&[Kind::Names])
    }

    /// The server ends the watch of a slow reader, which then lists again.
    fn can_wait(&self) -> bool {
        true
    }

    fn takes_requests(&self) -> &'static [RequestKind] {
        &[RequestKind::Resync]
    }

    fn needs_node_name(&self) -> bool {
        self.node_name.is_none()
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Receiver>, BuildError> {
        let node = self.node_name.as_deref();
        let node = node.unwrap_or_else(|| context.bare_node_name());
        self.check(node)?;
        let bytes = context.telemetry.receiver_bytes(&context.stage);
        let status = ReceiverStatus::new(context);
        let of_resource = |read, resource| {
            let status = || ResourceStatus::new(&status, resource, &context.telemetry);
            self.reads(read).then(status)
        };
        Ok(Box::new(Kubernetes {
            api: Api::new(self.source()?, self.request_timeout.get(), bytes),
            requests: context.requests.reader(),
            node: node.to_owned(),
            config: self.clone(),
            pods: of_resource(Read::Workloads, "pods"),
            nodes: of_resource(Read::NodeLabels, "nodes"),
            services: of_resource(Read::Services, "services"),
        }))
    }
}

#[derive(Debug)]
struct Kubernetes {
    api: Api,
    requests: RequestReader,
    /// The name of the node.
    node: String,
    config: Config,
    pods: Option<ResourceStatus>,
    nodes: Option<ResourceStatus>,
    services: Option<ResourceStatus>,
}

#[async_trait]
impl Receiver for Kubernetes {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        let Self {
            api,
            requests,
            node,
            config,
            pods,
            nodes,
            services,
        } = *self;
        let (relay, resync) = resync(requests);
        let start = Start {
            api,
            config,
            way: Way {
                out: Arc::new(out),
                shutdown,
                resync,
            },
        };
        let (sender, addresses) = watch::channel(None);
        let has_both = nodes.is_some() && services.is_some();
        let addresses = has_both.then_some(addresses);
        let following = async {
            tokio::join!(
                start.follow(pods, Workloads::selection(&node), Workloads::new(&node)),
                start.follow(
                    nodes,
                    OwnNode::selection(&node, has_both),
                    OwnNode::new(&node, sender),
                ),
                start.follow(services, Services::SELECTION, Services::new(addresses)),
            )
        };
        tokio::select! {
            _ = following => Ok(()),
            never = relay.run() => never,
        }
    }

    fn is_auxiliary(&self) -> bool {
        true
    }
}

/// What followers have in common.
struct Start {
    api: Api,
    config: Config,
    way: Way,
}

impl Start {
    /// Follows a resource, if it has a status.
    async fn follow<R: Resource>(
        &self,
        status: Option<ResourceStatus>,
        selection: Selection,
        resource: R,
    ) {
        let Some(status) = status else {
            return;
        };
        let (api, way) = (self.api.clone(), self.way.clone());
        Follower::new(api, selection, resource, &self.config, status, way)
            .run()
            .await;
    }
}
