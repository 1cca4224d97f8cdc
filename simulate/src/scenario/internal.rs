//! Events about Cilium itself: debug messages, captures, socket traces, notifications of the agent.

use std::net::IpAddr;

use tidegate_wire::access_log::{Kafka, KafkaTopic, L7, LogRecord};
use tidegate_wire::event::{DebugFields, RecorderFields, SockFields};
use tidegate_wire::packet::{TcpFlags, ip_protocol};

use super::dns::record;
use super::{Scenarios, client_port, is_v6};
use crate::cluster::cgroups;
use crate::options::Release;
use crate::packet::{Path, tcp};

const CAPTURE_DELIVERY: u8 = 4;
const CAPTURE_PROXY_PRE: u8 = 8;
const DEBUG_CT_VERDICT: u8 = 15;
/// Points at which a socket's destination is traced: before and after its translation.
const PRE_TRANSLATION: u8 = 1;
const POST_TRANSLATION: u8 = 2;

impl Scenarios {
    pub(super) fn internal(&mut self, rng: &mut fastrand::Rng) {
        let v6 = is_v6(rng);
        let from = self.cluster.local(rng, v6);
        let to = self.cluster.pod(rng, v6);
        let path = Path {
            ports: (client_port(rng), to.port),
            from,
            to,
        };
        let packet = tcp(&path, TcpFlags::ACK, (rng.u32(..), rng.u32(..)), &[]);
        self.writer.capture(&path, CAPTURE_DELIVERY, 12, &packet);
        self.writer.capture(
            &path,
            CAPTURE_PROXY_PRE,
            u32::from(15_001_u16.swap_bytes()),
            &packet,
        );
        let source = path.from.endpoint;
        self.writer.debug(&DebugFields {
            subtype: DEBUG_CT_VERDICT,
            source,
            hash: rng.u32(..),
            args: [1, 0, 0],
        });
        if self.writer.encoder().profile.sends_trace_sock() {
            self.socket(&path, rng);
        }
        if self.writer.encoder().profile.sends_recorder() {
            let fields = RecorderFields {
                subtype: 1,
                rule_id: 7,
                time_boot: rng.u64(..),
                len_orig: 1500,
            };
            self.writer.recorder(&fields, &packet);
        }
        self.announce_regeneration(&path.from);
        self.announce_address(&path.to);
        self.other_protocols(&path);
    }

    fn socket(&mut self, path: &Path, rng: &mut fastrand::Rng) {
        let service = self.cluster.service_of(&path.to);
        let service = service.map_or(path.to.ip, |service| service.ip);
        let sock_cookie = rng.u64(1..);
        let cgroup_id = cgroups(path.from.endpoint)[rng.usize(..2)];
        for (xlate_point, to) in [(PRE_TRANSLATION, service), (POST_TRANSLATION, path.to.ip)] {
            let mut dst_ip = [0; 16];
            match to {
                IpAddr::V4(v4) => dst_ip[..4].copy_from_slice(&v4.octets()),
                IpAddr::V6(v6) => dst_ip = v6.octets(),
            }
            let flags = u8::from(path.is_v6());
            let dst_port = path.ports.1;
            self.writer.trace_sock(&SockFields {
                xlate_point,
                dst_ip,
                dst_port,
                sock_cookie,
                cgroup_id,
                l4_proto: 1,
                flags,
            });
        }
    }

    fn other_protocols(&mut self, path: &Path) {
        let fields = Some([("cmd".to_owned(), "READ".to_owned())].into());
        let l7 = Some(L7 {
            proto: "cassandra".to_owned(),
            fields,
        });
        let generic = LogRecord {
            l7,
            ..record(path, self.timestamp(), false, "Egress", ip_protocol::TCP)
        };
        self.writer.access_log(&generic);
        if self.options.release < Release::V1_20 {
            let kafka = Kafka {
                api_key: "produce".to_owned(),
                topic: KafkaTopic {
                    name: "orders".to_owned(),
                },
                correlation_id: 9,
                ..Kafka::default()
            };
            let kafka = LogRecord {
                kafka: Some(kafka),
                ..record(path, self.timestamp(), false, "Ingress", ip_protocol::TCP)
            };
            self.writer.access_log(&kafka);
        }
    }
}
