//! Attributes of every flow, in addition to those of its peers and of its message.

use super::attributes;

attributes! {
    /// All log records.
    RECORD {
        RECORD_UID = "log.record.uid": String, "uuid",
            "a UUID, the same in every exporter and in each attempt to deliver the record";
    }
}

attributes! {
    /// All flows.
    FLOW {
        NETWORK_TYPE = "network.type": String, "IP.ipVersion", "`ipv4` or `ipv6`";
        NETWORK_TRANSPORT = "network.transport": String, "l4",
            "`tcp`, `udp`, `sctp`, `icmpv4`, `icmpv6`, `vrrp` or `igmp`";
        INTERFACE_NAME = "network.interface.name": String, "interface.name",
            "network interface, if names are known";
        ERROR_TYPE = "error.type": String, "drop_reason_desc, l7, verdict",
            "if the packet was dropped or the operation failed: the first of the drop reason, \
             the DNS response code (`NXDOMAIN`), the HTTP status (from 500, and from 400 where the \
             client is observed), Kafka's error code, and the verdict `DROPPED` or `ERROR`";
        FLOW_TYPE = "cilium.flow.type": String, "Type", "`L3_L4`, `L7` or `SOCK`";
        VERDICT = "cilium.verdict": String, "verdict", "`FORWARDED`, `DROPPED` and the like";
        DROP_REASON = "cilium.drop_reason": String, "drop_reason_desc",
            "name of the reason, or its number, if it was dropped for one";
        EVENT_TYPE = "cilium.event.type": String, "event_type.type",
            "the event that reported it: `drop`, `trace`, `policy-verdict`, `trace-sock`, `l7`, \
             `capture`";
        EVENT_SUB_TYPE = "cilium.event.sub_type": String, "event_type.sub_type",
            "where and how, as in `hubble observe`: `to-endpoint`, `Policy denied`";
        TRAFFIC_DIRECTION = "cilium.traffic_direction": String, "traffic_direction",
            "`INGRESS` or `EGRESS`, from the local endpoint";
        IS_REPLY = "cilium.is_reply": Bool, "is_reply", "whether it is a reply";
        TRACE_OBSERVATION_POINT = "cilium.trace_observation_point": String,
            "trace_observation_point", "where it was observed, of a trace";
        TRACE_REASON = "cilium.trace_reason": String, "trace_reason",
            "state of its connection, of a trace";
        POLICY_MATCH_TYPE = "cilium.policy_match_type": String, "policy_match_type",
            "what part of a rule matched, of a policy verdict: `L3-L4`, `all`, `none`";
        VERDICT_POLICIES = "cilium.policy_verdict.policies": Strings,
            "egress_allowed_by, ingress_allowed_by, egress_denied_by, ingress_denied_by",
            "the policies that decided a policy verdict, if they are known: `shop/web`";
        VERDICT_LOG = "cilium.policy_verdict.log": Strings, "policy_log",
            "the log texts of their rules";
        AUTH_TYPE = "cilium.auth_type": String, "auth_type", "how its peers had to authenticate";
        PROXY_PORT = "cilium.proxy_port": Int, "proxy_port",
            "port of the proxy that it was sent to";
        INTERFACE_INDEX = "cilium.interface.index": Int, "interface.index", "network interface";
        SOURCE_FILE = "cilium.file": String, "file",
            "place in Cilium's BPF sources that reported the drop: `bpf_lxc.c:1234`";
        SOCKET_COOKIE = "cilium.socket.cookie": Uint, "socket_cookie",
            "the socket of a socket trace";
        CGROUP_ID = "cilium.cgroup.id": Uint, "cgroup_id", "cgroup of that socket's process";
        IP_TRACE_ID = "cilium.ip_trace_id": Uint, "ip_trace_id.trace_id",
            "trace id found in an IP option";
        ENCRYPTED = "cilium.encrypted": Bool, "IP.encrypted",
            "true if Cilium encrypted or decrypted it";
        ORIGINAL_SOURCE = "cilium.source.original_address": String, "IP.source",
            "source address before translation, where it differs from `source.address`";
        TCP_FLAGS = "cilium.tcp.flags": Strings, "l4.TCP.flags",
            "flags that are set, in Hubble's order";
        SCTP_CHUNK_TYPE = "cilium.sctp.chunk_type": String, "l4.SCTP.chunk_type",
            "first chunk of an SCTP packet, if it opens or closes an association: `INIT`";
        ICMP_TYPE = "cilium.icmp.type": Int, "l4.ICMPv4.type, l4.ICMPv6.type",
            "of an ICMP message";
        ICMP_CODE = "cilium.icmp.code": Int, "l4.ICMPv4.code, l4.ICMPv6.code",
            "of an ICMP message";
        VRRP_TYPE = "cilium.vrrp.type": Int, "l4.VRRP.type", "of a VRRP message";
        VRRP_VRID = "cilium.vrrp.vrid": Int, "l4.VRRP.vrid", "of a VRRP message";
        VRRP_PRIORITY = "cilium.vrrp.priority": Int, "l4.VRRP.priority", "of a VRRP message";
        IGMP_TYPE = "cilium.igmp.type": Int, "l4.IGMP.type", "of an IGMP message";
        IGMP_GROUP = "cilium.igmp.group": String, "l4.IGMP.group_address",
            "group of an IGMP message";
        TUNNEL_PROTOCOL = "cilium.tunnel.protocol": String, "tunnel.protocol",
            "`VXLAN` or `GENEVE`, of a packet in a tunnel";
        TUNNEL_VNI = "cilium.tunnel.vni": Int, "tunnel.vni", "virtual network identifier";
        TUNNEL_SOURCE_ADDRESS = "cilium.tunnel.source.address": String, "tunnel.IP.source",
            "outer source address";
        TUNNEL_DESTINATION_ADDRESS = "cilium.tunnel.destination.address": String,
            "tunnel.IP.destination", "outer destination address";
        TUNNEL_SOURCE_PORT = "cilium.tunnel.source.port": Int, "tunnel.l4", "outer source port";
        TUNNEL_DESTINATION_PORT = "cilium.tunnel.destination.port": Int, "tunnel.l4",
            "outer destination port";
        SAMPLING_ONE_IN = "cilium.sampling.one_in": Int, "",
            "of how many flows this one was kept; absent if it was not subject to sampling";
        SAMPLING_THRESHOLD = "sampling.threshold": String, "",
            "the same for OpenTelemetry's consistent samplers, in hexadecimal digits";
        SAMPLING_RANDOMNESS = "sampling.randomness": String, "",
            "hash of the connection, by which it was kept, in hexadecimal digits";
    }
}
