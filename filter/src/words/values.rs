//! Values that are parsed when a flag is read. All others are checked when a filter is compiled.

use tidegate_model::flow::{
    DropReason, TcpFlags, TracePoint, Verdict, message_type, reserved_identity,
};

use crate::json::{drop_reason_number, verdict_number};
use crate::matcher::go;
use crate::{EventTypeFilter, HttpHeader, NetworkInterface, Workload};

/// Adds a text to a field.
pub(super) fn push(list: &mut Vec<String>, text: &str) -> Result<(), String> {
    add(list, Ok(text.to_owned()))
}

/// Adds a value to a field, unless it is invalid.
pub(super) fn add<T>(list: &mut Vec<T>, value: Result<T, String>) -> Result<(), String> {
    list.push(value?);
    Ok(())
}

pub(super) fn verdict(text: &str) -> Result<i32, String> {
    verdict_number(text).ok_or_else(|| {
        let names = Verdict::ALL.map(Verdict::name).join(", ");
        format!("invalid --verdict value: {text}; expected one of {names}")
    })
}

pub(super) fn drop_reason(text: &str) -> Result<i32, String> {
    if text.is_empty() {
        return Err("empty --drop-reason-desc value".to_owned());
    }
    drop_reason_number(text).ok_or_else(|| {
        let upper = text.to_uppercase().replace([' ', '-'], "_");
        let hint = match DropReason::from_name(&upper) {
            Some(_) => format!("; did you mean {upper}?"),
            None => "; expected a name such as POLICY_DENIED".to_owned(),
        };
        format!("invalid --drop-reason-desc value: {text}{hint}")
    })
}

pub(super) fn ip_trace_id(text: &str) -> Result<u64, String> {
    if text == "0" {
        return Err("invalid --ip-trace-id value; must be greater than 0".to_owned());
    }
    go::parse_decimal(text, u64::MAX)
        .map_err(|reason| format!("invalid --ip-trace-id value: {reason}"))
}

pub(super) fn http_header(text: &str) -> Result<HttpHeader, String> {
    let (key, value) = text.split_once(':').ok_or_else(|| {
        let text = go::quoted(text);
        format!("invalid http-header value {text}, expected name:value")
    })?;
    Ok(HttpHeader {
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

/// Types of events by name.
const EVENT_TYPES: [(&str, u8); 8] = [
    ("capture", message_type::CAPTURE),
    ("drop", message_type::DROP),
    ("l7", message_type::ACCESS_LOG),
    ("policy-verdict", message_type::POLICY_VERDICT),
    ("trace", message_type::TRACE),
    ("trace-sock", message_type::TRACE_SOCK),
    ("agent", message_type::AGENT),
    ("debug", message_type::DEBUG),
];

/// Cilium's numbers of agent notifications (`pkg/monitor/api`), which differ from those of
/// `flow.AgentEventType`.
const AGENT_EVENTS: [(&str, i32); 11] = [
    ("unspecified", 0),
    ("message", 1),
    ("agent-started", 2),
    ("policy-updated", 3),
    ("policy-deleted", 4),
    ("endpoint-regenerate-success", 5),
    ("endpoint-regenerate-failure", 6),
    ("endpoint-created", 7),
    ("endpoint-deleted", 8),
    ("ipcache-upserted", 9),
    ("ipcache-deleted", 10),
];

/// Parses `type` or `type:sub-type`, each a name or a number.
pub(super) fn event_type(text: &str) -> Result<EventTypeFilter, String> {
    let (type_text, sub_type_text) = match text.split_once(':') {
        Some((type_text, sub_type)) => (type_text, Some(sub_type)),
        None => (text, None),
    };
    let named = number_of(&EVENT_TYPES, type_text);
    let event_type = match named {
        Some(number) => number.into(),
        None => any_number(type_text).map_err(|reason| {
            let names = EVENT_TYPES.map(|(name, _)| name).join(", ");
            format!(
                "unable to parse type '{type_text}', not a known type name and unable to parse as \
                 numeric value: {reason}; known names are {names}"
            )
        })?,
    };
    let sub_type = sub_type_text
        .map(|text| sub_type(named, text))
        .transpose()?;
    Ok(EventTypeFilter {
        event_type,
        match_sub_type: sub_type.is_some(),
        sub_type: sub_type.unwrap_or_default(),
    })
}

fn sub_type(event_type: Option<u8>, text: &str) -> Result<i32, String> {
    let named = match event_type {
        Some(message_type::TRACE) => (0..=u8::MAX)
            .find(|point| TracePoint::datapath_name(*point) == Some(text))
            .map(i32::from),
        Some(message_type::AGENT) => number_of(&AGENT_EVENTS, text),
        _ => None,
    };
    match named {
        Some(number) => Ok(number),
        None => any_number(text).map_err(|reason| {
            format!(
                "unable to parse event sub-type '{text}', not a known sub-type name and unable to \
                 parse as numeric value: {reason}"
            )
        }),
    }
}

/// Parses a number of 32 bits, of which Hubble takes the highest as a sign.
fn any_number(text: &str) -> Result<i32, String> {
    go::parse_decimal(text, u32::MAX.into()).map(|number| number as u32 as i32)
}

fn number_of<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    let found = table.iter().find(|(known, _)| *known == name);
    found.map(|(_, number)| *number)
}

/// Parses `kind/name`, or a name.
pub(super) fn workload(text: &str) -> Workload {
    let (kind, name) = text.split_once('/').unwrap_or(("", text));
    Workload {
        name: name.to_owned(),
        kind: kind.to_owned(),
    }
}

/// The name of identity 11, which [`reserved_identity`] does not have.
const ENCRYPTED_OVERLAY: (&str, u32) = ("overlay-to-encrypt", 11);

/// Parses the name of a reserved identity, or a number in Go's notation.
pub(super) fn identity(text: &str) -> Result<u32, String> {
    let named = (1..)
        .map_while(|number| Some((reserved_identity(number)?, number)))
        .chain([ENCRYPTED_OVERLAY]);
    let names = Vec::from_iter(named);
    let number = number_of(&names, text).or_else(|| go::parse_number(text));
    number.ok_or_else(|| {
        let names = Vec::from_iter(names.iter().map(|(name, _)| *name)).join(" ");
        format!("invalid security identity, expected one of [{names}] or a numeric value")
    })
}

/// Parses names of flags, in any case, separated by commas.
pub(super) fn tcp_flags(text: &str) -> Result<TcpFlags, String> {
    let mut bits = 0;
    for name in text.split(',') {
        let upper = name.to_uppercase();
        let found = TcpFlags::NAMES.iter().find(|(_, known)| *known == upper);
        bits |= found.map(|(bit, _)| bit).ok_or_else(|| {
            let names = TcpFlags::NAMES.map(|(_, name)| name).join(", ");
            format!("unknown tcp flag: {name}; expected some of {names}")
        })?;
    }
    Ok(TcpFlags(bits))
}

pub(super) fn traffic_direction(text: &str) -> Result<i32, String> {
    let lower = text.to_lowercase();
    match &*lower {
        "ingress" => Ok(1),
        "egress" => Ok(2),
        _ => Err(format!(
            "{lower}: invalid traffic direction, expected ingress or egress"
        )),
    }
}

/// Parses a version of IP. Any other text selects flows without IP, as in Hubble.
pub(super) fn ip_version(text: &str) -> Result<i32, String> {
    Ok(match &*text.to_lowercase() {
        "4" | "v4" | "ipv4" | "ip4" => 1,
        "6" | "v6" | "ipv6" | "ip6" => 2,
        _ => 0,
    })
}

/// An interface of this name, with any index.
pub(super) fn interface(name: &str) -> NetworkInterface {
    NetworkInterface {
        index: 0,
        name: name.to_owned(),
    }
}
