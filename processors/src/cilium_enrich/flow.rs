//! Names the endpoints of a flow.

use tidegate_model::Outcome;
use tidegate_model::flow::{Direction, Flow, FlowType, MessageSource, XlatePoint, message_type};

use super::UNKNOWN_CGROUP;
use super::enrich::CiliumEnrich;

impl CiliumEnrich {
    /// Names both endpoints of a flow. A flow of a proxy's record only lacks pods, services and DNS
    /// names.
    #[inline]
    pub(super) fn name_flow(&mut self, flow: &mut Flow) -> Outcome {
        if flow.flow_type == FlowType::Sock && !self.set_pod_address(flow) {
            return Outcome::Filtered(UNKNOWN_CGROUP);
        }
        let source = flow.source_address();
        let destination = flow.destination_address();
        let (source_port, destination_port) = flow.l4.ports().unwrap_or_default();
        let views = &mut self.views;
        let is_recorded = flow
            .l7
            .as_ref()
            .is_some_and(|l7| l7.source == MessageSource::Proxy);
        let (of_source, of_destination) = if is_recorded {
            (
                views.name_recorded(source, source_port, &mut flow.source),
                views.name_recorded(destination, destination_port, &mut flow.destination),
            )
        } else {
            let time = flow.time;
            let named = (
                views.name(source, source_port, &mut flow.source, time),
                views.name(destination, destination_port, &mut flow.destination, time),
            );
            flow.direction = direction(flow);
            named
        };
        views.add_dns_names(of_source, source, &mut flow.source, flow.destination.id);
        views.add_dns_names(
            of_destination,
            destination,
            &mut flow.destination,
            flow.source.id,
        );
        flow.node = self.interfaces.view(&self.table, flow.interface);
        if flow.message_type == message_type::POLICY_VERDICT {
            self.add_policies(flow);
        }
        Outcome::Keep
    }

    /// Sets the address of the pod whose socket the flow is from. Returns `false` if the flow is to be
    /// removed, because its control group belongs to no pod.
    #[cold]
    fn set_pod_address(&mut self, flow: &mut Flow) -> bool {
        let time = flow.time;
        let (Some(ip), Some(socket)) = (&mut flow.ip, &flow.socket) else {
            return true;
        };
        let is_reverse = XlatePoint(flow.sub_type).is_reverse();
        let pod = if is_reverse {
            &mut ip.destination
        } else {
            &mut ip.source
        };
        if let Some(address) = self.table.cgroup_address(socket.cgroup_id, ip.version) {
            *pod = address;
            return true;
        }
        if !self.table.has_all_cgroups() {
            return true;
        }
        // It may be that of a pod that has just started.
        self.views.want_cgroup(socket.cgroup_id, time);
        !self.skips_unknown_cgroups
    }
}

/// The part of Hubble's `decodeTrafficDirection` that needs to know whether the source is the
/// reporting endpoint. If it is not, the direction that `l34_flow` found is right.
fn direction(flow: &Flow) -> Direction {
    let is_source = flow.reversing_endpoint != 0
        && u32::from(flow.reversing_endpoint) == flow.source.id & u32::from(u16::MAX);
    match flow.direction {
        Direction::Ingress if is_source => Direction::Egress,
        Direction::Egress if is_source => Direction::Ingress,
        unchanged => unchanged,
    }
}
