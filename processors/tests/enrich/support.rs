//! Runs the processor: sends announcements to it, and shows the endpoints of flows as texts such as
//! `312/4242 default shop/cart-0 [k8s:app=cart]`: endpoint id, identity, cluster, pod and labels.

use std::net::IpAddr;

use serde::de::IntoDeserializer as _;
use tidegate_model::flow::{Address, Endpoint, Flow, FlowType, Ip, IpVersion, Socket};
use tidegate_model::names::{Names, NamesContent, NamesSource};
use tidegate_model::record::{
    AgentEvent, AgentEventType as Type, DebugEvent, EndpointRegen, EndpointUpdate, IpCache,
    Notification,
};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_processors::cilium_enrich::KIND;
use tidegate_runtime::component::{BuildContext, ProcessorConfig};
use tidegate_runtime::requests::Requests;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use toml::de::ValueDeserializer;

/// The processor under test, and its notes.
pub(crate) struct Enrich {
    processor: Box<dyn Processor>,
    telemetry: Telemetry,
    tally: Tally,
    /// The time of the next announcements.
    pub(crate) time: Timestamp,
    /// The connection of the next announcements.
    pub(crate) stream: u32,
}

pub(crate) fn build(config: &str, telemetry: &Telemetry) -> Result<Box<dyn Processor>, String> {
    build_with(config, telemetry, Requests::default())
}

fn build_with(
    config: &str,
    telemetry: &Telemetry,
    requests: Requests,
) -> Result<Box<dyn Processor>, String> {
    build_from(&*parse(config)?, telemetry, requests)
}

pub(crate) fn parse(config: &str) -> Result<Box<dyn ProcessorConfig>, String> {
    let table = ValueDeserializer::parse(config)
        .map_err(|error| error.to_string())?
        .into_deserializer();
    (KIND.parse)(table).map_err(|error| error.message().to_owned())
}

fn build_from(
    config: &dyn ProcessorConfig,
    telemetry: &Telemetry,
    requests: Requests,
) -> Result<Box<dyn Processor>, String> {
    let stage = StageId::processor("cilium_enrich");
    let context = BuildContext {
        stage,
        node_name: "default/node-a".to_owned(),
        telemetry: telemetry.clone(),
        health: Default::default(),
        requests,
    };
    config
        .build(&context)
        .map_err(|error| format!("{}: {error}", error.key))
}

impl Enrich {
    pub(crate) fn new(config: &str) -> Self {
        Self::with_requests(config, Requests::default())
    }

    pub(crate) fn with_requests(config: &str, requests: Requests) -> Self {
        let config = parse(config).unwrap_or_else(|message| panic!("{message}"));
        Self::from_config(&*config, requests)
    }

    /// The processors of two pipelines with the same component.
    pub(crate) fn pair(config: &str) -> [Self; 2] {
        Self::pair_with_requests(config, Default::default())
    }

    pub(crate) fn pair_with_requests(config: &str, requests: [Requests; 2]) -> [Self; 2] {
        let config = parse(config).unwrap_or_else(|message| panic!("{message}"));
        requests.map(|requests| Self::from_config(&*config, requests))
    }

    /// Replaces the processor by one with another configuration, as a reload does.
    pub(crate) fn reload(&mut self, config: &str) {
        let mut new = Self::new(config);
        let old = self.processor.as_stateful().expect("it has a table");
        let replacement = new.processor.as_stateful().expect("it has a table");
        replacement.take_over(old);
        self.processor = new.processor;
    }

    fn from_config(config: &dyn ProcessorConfig, requests: Requests) -> Self {
        let telemetry = Telemetry::default();
        let processor = build_from(config, &telemetry, requests);
        let processor = processor.unwrap_or_else(|message| panic!("{message}"));
        Self {
            processor,
            telemetry,
            tally: Tally::default(),
            time: Timestamp::default(),
            stream: 0,
        }
    }

    /// A processor that knows the pod `shop/cart-0`, whose endpoint 312 is on this node.
    pub(crate) fn with_cart() -> Self {
        let mut enrich = Self::new(AS_HUBBLE);
        enrich.created(312, "shop/cart-0");
        enrich.regenerated(312, &CART);
        enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
        enrich
    }

    /// Announces the identity of an address or prefix, with its pod and node if they are not empty.
    pub(crate) fn upserted(&mut self, cidr: &str, identity: u32, pod: &str, node: &str) {
        self.announce(
            Type::IpCacheUpserted,
            Notification::IpCacheUpdate(ip_cache(cidr, identity, pod, node)),
        );
    }

    pub(crate) fn deleted(&mut self, cidr: &str) {
        self.announce(
            Type::IpCacheDeleted,
            Notification::IpCacheUpdate(ip_cache(cidr, 0, "", "")),
        );
    }

    /// Announces the deletion of a pod's address.
    pub(crate) fn deleted_pod(&mut self, cidr: &str, pod: &str) {
        self.announce(
            Type::IpCacheDeleted,
            Notification::IpCacheUpdate(ip_cache(cidr, 0, pod, "")),
        );
    }

    /// Announces an endpoint, without labels like Cilium from 1.16 on.
    pub(crate) fn created(&mut self, id: u64, pod: &str) {
        self.created_with(id, pod, &[]);
    }

    pub(crate) fn created_with(&mut self, id: u64, pod: &str, labels: &[&str]) {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        let created = EndpointUpdate {
            labels,
            ..endpoint(id, pod)
        };
        self.announce(Type::EndpointCreated, Notification::EndpointUpdate(created));
    }

    pub(crate) fn removed(&mut self, id: u64) {
        self.announce(
            Type::EndpointDeleted,
            Notification::EndpointUpdate(endpoint(id, "")),
        );
    }

    pub(crate) fn regenerated(&mut self, id: u64, labels: &[&str]) {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        let regenerated = EndpointRegen {
            id,
            labels,
            ..EndpointRegen::default()
        };
        self.announce(
            Type::EndpointRegenerateSuccess,
            Notification::EndpointRegenerate(regenerated),
        );
    }

    pub(crate) fn announce(&mut self, event_type: Type, notification: Notification) {
        let event = AgentEvent {
            time: self.time,
            stream: self.stream,
            event_type,
            notification,
        };
        let mut batch = Batch::new();
        batch.push(Record::AgentEvent(Box::new(event.clone())));
        self.processor.process(&mut batch, &mut self.tally);
        let [Record::AgentEvent(passed)] = batch.records() else {
            panic!("not one agent event: {:?}", batch.records())
        };
        assert_eq!(**passed, event, "agent events pass unchanged");
    }

    /// Passes a portion of a list from the agent's API.
    pub(crate) fn absorb(&mut self, content: NamesContent) {
        self.absorb_from(NamesSource::CiliumApi, self.time, content);
    }

    /// Passes a portion of a list that was requested at `asked`.
    pub(crate) fn absorb_from(
        &mut self,
        source: NamesSource,
        asked: Timestamp,
        content: NamesContent,
    ) {
        let mut batch = Batch::new();
        batch.push(Record::Names(Box::new(Names {
            source,
            asked,
            content,
        })));
        let before = self.tally.absorbed();
        self.processor.process(&mut batch, &mut self.tally);
        assert!(batch.is_empty(), "names are absorbed");
        assert_eq!(self.tally.absorbed(), before + 1);
    }

    pub(crate) fn pass(&mut self, flow: Flow) -> Flow {
        self.try_pass(flow).expect("the flow is kept")
    }

    /// Passes a flow at the current time; `None` if it is removed.
    pub(crate) fn try_pass(&mut self, mut flow: Flow) -> Option<Flow> {
        flow.time = self.time;
        let mut batch = Batch::new();
        batch.push(Record::Flow(flow));
        self.processor.process(&mut batch, &mut self.tally);
        match batch.records() {
            [Record::Flow(flow)] => Some(flow.clone()),
            [] => None,
            other => panic!("not one flow: {other:?}"),
        }
    }

    /// Passes a record that is kept.
    pub(crate) fn pass_record(&mut self, record: Record) {
        let mut batch = Batch::new();
        batch.push(record);
        self.processor.process(&mut batch, &mut self.tally);
        assert_eq!(batch.len(), 1);
    }

    /// What a debug event shows of the endpoint that sent it.
    pub(crate) fn reporter(&mut self, id: u16) -> String {
        let mut batch = Batch::new();
        batch.push(Record::DebugEvent(DebugEvent {
            source: id,
            ..DebugEvent::default()
        }));
        self.processor.process(&mut batch, &mut self.tally);
        match batch.records() {
            [Record::DebugEvent(event)] => event.endpoint().as_ref().map(shown).unwrap_or_default(),
            other => panic!("not one debug event: {other:?}"),
        }
    }

    /// What a flow of the datapath with this address and identity shows as its source.
    pub(crate) fn source(&mut self, ip: &str, identity: u32) -> String {
        shown(&self.pass(from(ip, identity)).source)
    }

    pub(crate) fn notes(&self) -> &[(&'static str, u64)] {
        self.tally.notes()
    }

    /// The value of a metric with these labels.
    pub(crate) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<i64> {
        let instruments = self.telemetry.instruments();
        let found = instruments.iter().find(|one| {
            let has = |label: &(&str, &str)| {
                let mut of_metric = one.labels.iter();
                of_metric.any(|(key, value)| (*key, value.as_str()) == *label)
            };
            one.name == name && labels.iter().all(has)
        })?;
        Some(found.value())
    }

    /// Lets time pass.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.processor.tick(now, &mut Batch::new());
    }

    /// The numbers of addresses, prefixes and endpoints in the table, from all sources.
    pub(crate) fn entries(&self) -> [i64; 3] {
        ["addresses", "prefixes", "endpoints"].map(|of| {
            let instruments = self.telemetry.instruments();
            let entries = instruments.iter().filter(|one| {
                let is_of = one
                    .labels
                    .iter()
                    .any(|label| *label == ("of", of.to_owned()));
                one.name == "tidegate_enrich_entries" && is_of
            });
            entries.map(|one| one.value()).sum()
        })
    }
}

/// Deleted pods are forgotten at once, as in Hubble.
pub(crate) const AS_HUBBLE: &str = "{ keep_deleted = '0s' }";
pub(crate) const NODE: &str = "172.18.0.2";
pub(crate) const OTHER_NODE: &str = "172.18.0.3";
pub(crate) const CART: [&str; 2] = ["k8s:io.cilium.k8s.policy.cluster=east", "k8s:app=cart"];

/// A flow of the datapath from an address.
pub(crate) fn from(ip: &str, identity: u32) -> Flow {
    let ip = Ip {
        source: address(ip),
        ..Ip::default()
    };
    let source = Endpoint {
        identity,
        ..Endpoint::default()
    };
    Flow {
        flow_type: FlowType::L34,
        ip: Some(ip),
        source,
        ..Flow::default()
    }
}

pub(crate) fn address(text: &str) -> Address {
    Address::from(
        text.parse::<IpAddr>()
            .unwrap_or_else(|_| panic!("{text} is an address")),
    )
}

pub(crate) fn shown(endpoint: &Endpoint) -> String {
    let names = endpoint.names.clone().unwrap_or_default();
    let cluster = if names.cluster_name.is_empty() {
        "-"
    } else {
        &names.cluster_name
    };
    let pod = if names.pod_name.is_empty() {
        "-".to_owned()
    } else {
        format!("{}/{}", names.namespace, names.pod_name)
    };
    format!(
        "{}/{} {cluster} {pod} [{}]",
        endpoint.id,
        endpoint.identity,
        names.labels.join(",")
    )
}

/// A socket trace to a peer, in the direction from the pod.
pub(crate) fn socket(cgroup_id: u64, version: IpVersion) -> Flow {
    Flow {
        flow_type: FlowType::Sock,
        sub_type: 1,
        ip: Some(Ip {
            source: Address::default(),
            destination: address("203.0.113.7"),
            version,
            ..Ip::default()
        }),
        socket: Some(Box::new(Socket {
            cgroup_id,
            ..Socket::default()
        })),
        ..Flow::default()
    }
}

fn ip_cache(cidr: &str, identity: u32, pod: &str, node: &str) -> IpCache {
    let (namespace, pod_name) = split(pod);
    IpCache {
        cidr: cidr.to_owned(),
        identity,
        host_ip: node.to_owned(),
        namespace,
        pod_name,
        ..IpCache::default()
    }
}

fn endpoint(id: u64, pod: &str) -> EndpointUpdate {
    let (namespace, pod_name) = split(pod);
    EndpointUpdate {
        id,
        namespace,
        pod_name,
        ..EndpointUpdate::default()
    }
}

fn split(pod: &str) -> (String, String) {
    let (namespace, name) = pod.split_once('/').unwrap_or_default();
    (namespace.to_owned(), name.to_owned())
}
