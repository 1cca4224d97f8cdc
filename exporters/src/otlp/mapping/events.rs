//! Attributes of agent events, debug events and lost reports.

use super::attributes;

attributes! {
    /// Agent events.
    AGENT_EVENT {
        AGENT_EVENT_TYPE = "cilium.agent_event.type": String, "agent_event.type",
            "what happened: `ENDPOINT_CREATED` and the like";
        NOTIFICATION_TYPE = "cilium.agent_event.notification.type": Int, "agent_event.unknown.type",
            "Cilium's number of a notification of unknown type";
        NOTIFICATION = "cilium.agent_event.notification": String,
            "agent_event.unknown.notification", "its text";
        AGENT_START = "cilium.agent.start_unix_nano": Uint, "agent_event.agent_start.time",
            "when the agent started";
        POLICY_LABELS = "cilium.policy.labels": Strings, "agent_event.policy_update.labels",
            "labels of the added or removed rules";
        POLICY_REVISION = "cilium.policy.revision": Uint, "agent_event.policy_update.revision",
            "the policy's revision";
        POLICY_RULE_COUNT = "cilium.policy.rule_count": Int,
            "agent_event.policy_update.rule_count", "its number of rules";
        ENDPOINT_ERROR = "cilium.endpoint.error": String, "agent_event.endpoint_update.error",
            "why an endpoint's regeneration failed";
        IPCACHE_CIDR = "cilium.ipcache.cidr": String, "agent_event.ipcache_update.cidr",
            "addresses whose identity was added or removed";
        IPCACHE_IDENTITY = "cilium.ipcache.identity": Int, "agent_event.ipcache_update.identity",
            "their identity";
        IPCACHE_OLD_IDENTITY = "cilium.ipcache.old_identity": Int,
            "agent_event.ipcache_update.old_identity", "their previous identity";
        IPCACHE_HOST_IP = "cilium.ipcache.host_ip": String, "agent_event.ipcache_update.host_ip",
            "address of their node";
        IPCACHE_OLD_HOST_IP = "cilium.ipcache.old_host_ip": String,
            "agent_event.ipcache_update.old_host_ip", "address of their previous node";
        IPCACHE_ENCRYPT_KEY = "cilium.ipcache.encrypt_key": Int,
            "agent_event.ipcache_update.encrypt_key", "index of the key for traffic to them";
        SERVICE_ID = "cilium.service.id": Int, "agent_event.service_upsert.id", "id of a service";
        SERVICE_FRONTEND = "cilium.service.frontend": String,
            "agent_event.service_upsert.frontend_address", "address and port of the service";
        SERVICE_BACKENDS = "cilium.service.backends": Strings,
            "agent_event.service_upsert.backend_addresses", "addresses and ports of its backends";
        SERVICE_TYPE = "cilium.service.type": String, "agent_event.service_upsert.type",
            "`ClusterIP` and the like";
        SERVICE_TRAFFIC_POLICY = "cilium.service.traffic_policy": String,
            "agent_event.service_upsert.traffic_policy", "traffic policy";
        SERVICE_EXT_TRAFFIC_POLICY = "cilium.service.ext_traffic_policy": String,
            "agent_event.service_upsert.ext_traffic_policy", "external traffic policy";
        SERVICE_INT_TRAFFIC_POLICY = "cilium.service.int_traffic_policy": String,
            "agent_event.service_upsert.int_traffic_policy", "internal traffic policy";
        K8S_SERVICE_NAME = "k8s.service.name": String, "agent_event.service_upsert.name",
            "the service";
    }
}

attributes! {
    /// Agent events and debug events that concern one endpoint or pod.
    ENDPOINT {
        ENDPOINT_ID = "cilium.endpoint.id": Uint,
            "agent_event.endpoint_update.id, debug_event.source.ID", "an endpoint on this node";
        ENDPOINT_IDENTITY = "cilium.endpoint.identity": Int, "debug_event.source.identity",
            "its security identity";
        ENDPOINT_LABELS = "cilium.endpoint.labels": Labels,
            "agent_event.endpoint_update.labels, debug_event.source.labels", "its labels";
        K8S_NAMESPACE_NAME = "k8s.namespace.name": String, "namespace",
            "namespace of the pod or service";
        K8S_POD_NAME = "k8s.pod.name": String, "pod_name", "the pod";
    }
}

attributes! {
    /// Debug events.
    DEBUG_EVENT {
        DEBUG_TYPE = "cilium.debug.type": String, "debug_event.type",
            "the message type: `DBG_CT_VERDICT` and the like, or its number";
        DEBUG_HASH = "cilium.debug.hash": Int, "debug_event.hash", "hash of the packet";
        DEBUG_ARG1 = "cilium.debug.arg1": Int, "debug_event.arg1", "argument, by message type";
        DEBUG_ARG2 = "cilium.debug.arg2": Int, "debug_event.arg2", "argument, by message type";
        DEBUG_ARG3 = "cilium.debug.arg3": Int, "debug_event.arg3", "argument, by message type";
        DEBUG_CPU = "cilium.debug.cpu": Int, "debug_event.cpu", "the CPU that reported it";
    }
}

attributes! {
    /// Lost reports.
    LOST {
        LOST_SOURCE = "cilium.lost.source": String, "lost_events.source",
            "what lost events: `PERF_EVENT_RING_BUFFER` and the like";
        LOST_COUNT = "cilium.lost.count": Uint, "lost_events.num_events_lost",
            "number of events";
        LOST_CPU = "cilium.lost.cpu": Int, "lost_events.cpu",
            "the CPU whose ring overflowed, if it belongs to one CPU";
        LOST_FIRST = "cilium.lost.first_unix_nano": Uint, "lost_events.first",
            "time of the first lost event, if known";
        LOST_LAST = "cilium.lost.last_unix_nano": Uint, "lost_events.last",
            "time of the last lost event, if known";
    }
}
