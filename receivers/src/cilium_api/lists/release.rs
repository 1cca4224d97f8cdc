//! `GET /healthz`: the release, which is at the beginning of the state's message
//! (`daemon/cmd/status.go` v1.12, `pkg/status/status_collector.go` v1.19).

use serde::Deserialize;

use super::values::or_default;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StatusResponse {
    #[serde(deserialize_with = "or_default")]
    cilium: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    msg: String,
}

/// The release, such as "1.19.4": from "1.19.4 (v1.19.4-ab12cd34)    Kubernetes service is not
/// ready". `Ok(None)` if the message has none, as during the first seconds of an agent.
pub(in crate::cilium_api) fn release(json: &[u8]) -> Result<Option<String>, serde_json::Error> {
    let response: StatusResponse = serde_json::from_slice(json)?;
    let text = response.cilium.msg;
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_release = first.starts_with(|c: char| c.is_ascii_digit()) && first.contains('.');
    Ok(is_release.then(|| first.to_owned()))
}
