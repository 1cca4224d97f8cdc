//! Decodes notifications of the agent to agent events, by the rules of Hubble's
//! `pkg/hubble/parser/agent/parser.go` (v1.19.4). The two types about services are those of Hubble
//! until 1.17.

use serde::Deserialize;
use tidegate_model::Timestamp;
use tidegate_model::record::{
    AgentEvent, AgentEventType as Type, Frame, Notification, ServiceUpsert,
};
use tidegate_wire::agent_notify::{self, NotifyView, notify_type};
use tidegate_wire::release::{Release, Releases};

use crate::go_time;

/// The text of a notification is not JSON.
pub(super) const BAD_TEXT: &str = "agent_notify_bad_text";

/// Decodes the data of an event, including its type byte. Returns the event and the releases that
/// send it.
///
/// # Errors
/// The reason to drop it: the data is not a gob of a notification, or its text is not JSON.
pub(super) fn decode(
    decoder: &mut agent_notify::Decoder,
    frame: &Frame,
    data: &[u8],
) -> Result<(AgentEvent, Releases), &'static str> {
    let notify = decoder.read(data).map_err(agent_notify::Error::as_str)?;
    let NotifyView { kind, text } = notify;
    let text = text.lossy();
    let parsed = match parse(kind, &text) {
        Ok(parsed) => parsed,
        Err(error) if error.is_data() => None,
        Err(_) => return Err(BAD_TEXT),
    };
    let unknown = || {
        (
            Type::Unknown,
            Notification::Unknown {
                notify_type: kind,
                text: text.into_owned(),
            },
        )
    };
    let (event_type, mut notification) = parsed.unwrap_or_else(unknown);
    let senders = match &mut notification {
        Notification::ServiceUpsert(service) => {
            let senders = senders_of_service(service);
            if !service.ext_traffic_policy.is_empty() {
                // As in Hubble, the old field has the value of the new one.
                service
                    .traffic_policy
                    .clone_from(&service.ext_traffic_policy);
            }
            notify.senders().and(senders)
        }
        _ => None,
    };
    let Frame { time, stream, .. } = *frame;
    Ok((
        AgentEvent {
            time,
            stream,
            event_type,
            notification,
        },
        senders.unwrap_or(notify.senders()),
    ))
}

/// Returns the releases that send the service's traffic policies: 1.12 has one, 1.13 renamed it and
/// added another, and 1.17 removed the old name.
fn senders_of_service(service: &ServiceUpsert) -> Releases {
    let has = |text: &String| !text.is_empty();
    let has_new = has(&service.ext_traffic_policy) || has(&service.int_traffic_policy);
    match (
        has(&service.traffic_policy),
        has(&service.ext_traffic_policy),
    ) {
        (true, _) if !has_new => Releases::before(Release::V1_13),
        (true, _) => Releases::between(Release::V1_13, Release::V1_17),
        (false, true) => Releases::since(Release::V1_17),
        (false, false) if has_new => Releases::since(Release::V1_13),
        (false, false) => Releases::ANY,
    }
}

/// Parses the text of a notification of Cilium's type `kind`. Returns `None` if Hubble has no type
/// for it.
fn parse(kind: u32, text: &str) -> serde_json::Result<Option<(Type, Notification)>> {
    let event_type = event_type(kind);
    let notification = match event_type {
        Type::Unknown => return Ok(None),
        Type::AgentStarted => agent_start(&serde_json::from_str(text)?),
        Type::PolicyUpdated | Type::PolicyDeleted => {
            Notification::PolicyUpdate(serde_json::from_str(text)?)
        }
        Type::EndpointRegenerateSuccess | Type::EndpointRegenerateFailure => {
            Notification::EndpointRegenerate(serde_json::from_str(text)?)
        }
        Type::EndpointCreated | Type::EndpointDeleted => {
            Notification::EndpointUpdate(serde_json::from_str(text)?)
        }
        Type::IpCacheUpserted | Type::IpCacheDeleted => {
            Notification::IpCacheUpdate(serde_json::from_str(text)?)
        }
        Type::ServiceUpserted => Notification::ServiceUpsert(serde_json::from_str(text)?),
        Type::ServiceDeleted => Notification::ServiceDelete(serde_json::from_str(text)?),
    };
    Ok(Some((event_type, notification)))
}

/// Returns Hubble's type for Cilium's type `kind`.
fn event_type(kind: u32) -> Type {
    match kind {
        notify_type::AGENT_STARTED => Type::AgentStarted,
        notify_type::ENDPOINT_REGENERATE_SUCCESS => Type::EndpointRegenerateSuccess,
        notify_type::ENDPOINT_REGENERATE_FAILURE => Type::EndpointRegenerateFailure,
        notify_type::POLICY_UPDATED => Type::PolicyUpdated,
        notify_type::POLICY_DELETED => Type::PolicyDeleted,
        notify_type::ENDPOINT_CREATED => Type::EndpointCreated,
        notify_type::ENDPOINT_DELETED => Type::EndpointDeleted,
        notify_type::IPCACHE_UPSERTED => Type::IpCacheUpserted,
        notify_type::IPCACHE_DELETED => Type::IpCacheDeleted,
        notify_type::SERVICE_UPSERTED => Type::ServiceUpserted,
        notify_type::SERVICE_DELETED => Type::ServiceDeleted,
        _ => Type::Unknown,
    }
}

/// `TimeNotification` of `pkg/monitor/api`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TimeNotification {
    time: String,
}

fn agent_start(started: &TimeNotification) -> Notification {
    let nanoseconds = go_time::parse(started.time.as_bytes())
        .and_then(|time| u64::try_from(time.as_nanos()).ok());
    Notification::AgentStart {
        time: nanoseconds.map(Timestamp),
    }
}
