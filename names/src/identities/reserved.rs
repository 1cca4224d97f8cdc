//! Reserved identities and their labels (`pkg/identity/numericidentity.go`, v1.19.4).

use std::sync::Arc;

use tidegate_model::flow::{EndpointNames, reserved_identity};

use crate::labels::IdentityLabels;

pub(crate) const HOST: u32 = 1;
pub(crate) const WORLD: u32 = 2;
pub(crate) const REMOTE_NODE: u32 = 6;
const KUBE_API_SERVER: u32 = 7;
pub(crate) const WORLD_IPV4: u32 = 9;
pub(crate) const WORLD_IPV6: u32 = 10;

/// The labels of a reserved identity; `None` if it has no fixed ones.
pub(crate) fn reserved_labels(identity: u32) -> Option<IdentityLabels> {
    let mut labels = vec![format!("reserved:{}", reserved_identity(identity)?)];
    if identity == KUBE_API_SERVER {
        labels.push("reserved:remote-node".to_owned());
    }
    Some(Arc::new(EndpointNames::of_labels(labels)))
}
