//! A service, as the API has it.

use serde::Deserialize;

use crate::json::bounded;

/// `Service` of `core/v1`.
#[derive(Debug, Deserialize)]
pub(in crate::kubernetes) struct Service {
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) spec: Spec,
    pub(super) status: Option<Status>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) annotations: Option<Annotations>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Annotations {
    /// The only one of a service's types that Cilium exposes (since 1.16).
    #[serde(rename = "service.cilium.io/type")]
    pub(super) exposure: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) r#type: Option<String>,
    #[serde(rename = "clusterIP")]
    pub(super) cluster_ip: Option<String>,
    #[serde(
        rename = "clusterIPs",
        default,
        deserialize_with = "bounded::optional_list"
    )]
    pub(super) cluster_ips: Option<Vec<String>>,
    #[serde(
        rename = "externalIPs",
        default,
        deserialize_with = "bounded::optional_list"
    )]
    pub(super) external_ips: Option<Vec<String>>,
    #[serde(default, deserialize_with = "bounded::optional_list")]
    pub(super) ip_families: Option<Vec<String>>,
    #[serde(default, deserialize_with = "bounded::optional_list")]
    pub(super) ports: Option<Vec<Port>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Port {
    pub(super) port: u16,
    pub(super) protocol: Option<String>,
    pub(super) node_port: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) load_balancer: Option<LoadBalancer>,
}

#[derive(Debug, Deserialize)]
pub(super) struct LoadBalancer {
    #[serde(default, deserialize_with = "bounded::optional_list")]
    pub(super) ingress: Option<Vec<Ingress>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ingress {
    pub(super) ip: Option<String>,
    /// "VIP" if it is absent.
    pub(super) ip_mode: Option<String>,
}

impl Service {
    pub(super) fn is_a(&self, r#type: &str) -> bool {
        self.spec.r#type.as_deref() == Some(r#type)
    }

    /// Whether Cilium makes frontends of this type. A value that is no type has no effect.
    pub(super) fn exposes(&self, r#type: &str) -> bool {
        let annotations = self.metadata.annotations.as_ref();
        let exposure = annotations.and_then(|annotations| annotations.exposure.as_deref());
        match exposure {
            Some(only @ ("ClusterIP" | "NodePort" | "LoadBalancer")) => only == r#type,
            _ => true,
        }
    }

    pub(super) fn ports(&self) -> &[Port] {
        self.spec.ports.as_deref().unwrap_or_default()
    }

    /// The addresses inside of the cluster. A headless service has none.
    pub(super) fn cluster_ips(&self) -> &[String] {
        match self.spec.cluster_ips.as_deref() {
            Some(ips) if !ips.is_empty() => ips,
            _ => self.spec.cluster_ip.as_slice(),
        }
    }

    pub(super) fn is_headless(&self) -> bool {
        let cluster_ip = self.spec.cluster_ip.as_deref();
        cluster_ip.is_some_and(|ip| ip.eq_ignore_ascii_case("none"))
    }

    /// The addresses that a load balancer delivers to nodes unchanged.
    pub(super) fn ingress(&self) -> impl Iterator<Item = &str> {
        let status = self.status.as_ref();
        let balancer = status.and_then(|status| status.load_balancer.as_ref());
        let ingress = balancer.and_then(|balancer| balancer.ingress.as_deref());
        let ingress = ingress.unwrap_or_default().iter();
        let unchanged =
            ingress.filter(|one| one.ip_mode.as_deref().is_none_or(|mode| mode == "VIP"));
        unchanged.filter_map(|one| one.ip.as_deref())
    }
}
