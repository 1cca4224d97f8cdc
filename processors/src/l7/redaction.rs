//! Redaction of L7 flows: Hubble's `hubble-redact-*` settings, by the rules of
//! `pkg/hubble/parser/seven/{http,kafka}.go` (v1.19.4).
//!
//! Redaction is applied where an L7 flow is made, so no later stage can see what was removed. As in
//! Hubble, a password in a URL is replaced by default, even if nothing else is redacted, and the
//! other keys have no effect without `enabled`.

use std::borrow::Cow;

use serde::Deserialize;
use tidegate_model::flow::REDACTED;
use tidegate_runtime::component::{BuildError, Key};

use super::url;

/// The key `redact`. The names of Helm's values (`urlQuery`) are understood, too.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// `hubble-redact-enabled`: whether the other keys count (default `false`).
    enabled: bool,
    http: HttpSettings,
    kafka: KafkaSettings,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HttpSettings {
    /// `hubble-redact-http-urlquery`: whether query and fragment are taken out of URLs (default
    /// `false`).
    #[serde(alias = "urlQuery")]
    url_query: bool,
    /// `hubble-redact-http-userinfo`: whether passwords in URLs are replaced (default `true`).
    #[serde(alias = "userInfo")]
    user_info: bool,
    headers: HeaderSettings,
}

/// Names of headers, in any case. Without any, all values are replaced.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HeaderSettings {
    /// `hubble-redact-http-headers-allow`: headers whose values are kept, all others being
    /// replaced.
    allow: Vec<String>,
    /// `hubble-redact-http-headers-deny`: headers whose values are replaced, all others being kept.
    deny: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KafkaSettings {
    /// `hubble-redact-kafka-apikey`: whether the name of the API is replaced (default `false`).
    #[serde(alias = "apiKey")]
    api_key: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            url_query: false,
            user_info: true,
            headers: HeaderSettings::default(),
        }
    }
}

impl Settings {
    pub(crate) const KEY: Key = Key {
        name: "redact",
        default: "{ enabled = false, http = { url_query = false, user_info = true, headers = { allow = [], deny = [] } }, kafka = { api_key = false } }",
        effect: "what is taken out of flows, as Hubble's `hubble-redact-*` settings do; with `enabled`, values of headers too, but for those in `allow`, or only those in `deny`",
    };

    /// The rules.
    ///
    /// # Errors
    /// Both lists of headers are given.
    pub(crate) fn build(&self) -> Result<Redaction, BuildError> {
        let HeaderSettings { allow, deny } = &self.http.headers;
        if !allow.is_empty() && !deny.is_empty() {
            let message =
                "redact.http.headers has `allow` and `deny`; only one of them can be given"
                    .to_owned();
            return Err(BuildError {
                key: "redact",
                message,
            });
        }
        if !self.enabled {
            let is_changed = self.http.url_query
                || !self.http.user_info
                || self.kafka.api_key
                || !allow.is_empty()
                || !deny.is_empty();
            if is_changed {
                tracing::warn!(
                    "`redact` has no effect without `enabled = true`; passwords in URLs are always replaced"
                );
            }
            return Ok(Redaction::default());
        }
        let headers = match (&**allow, &**deny) {
            ([], []) => HeaderRule::ReplaceAll,
            (allow, []) => HeaderRule::KeepOnly(allow.to_vec()),
            (_, deny) => HeaderRule::ReplaceOnly(deny.to_vec()),
        };
        Ok(Redaction {
            url_query: self.http.url_query,
            user_info: self.http.user_info,
            headers,
            kafka_api_key: self.kafka.api_key,
        })
    }
}

/// The rules by which L7 flows are redacted.
#[derive(Clone, Debug)]
pub(crate) struct Redaction {
    url_query: bool,
    user_info: bool,
    headers: HeaderRule,
    kafka_api_key: bool,
}

/// Which headers' values are replaced. Names match in any case.
#[derive(Clone, Debug)]
enum HeaderRule {
    ReplaceNone,
    ReplaceAll,
    ReplaceOnly(Vec<String>),
    KeepOnly(Vec<String>),
}

impl Default for Redaction {
    fn default() -> Self {
        Self {
            url_query: false,
            user_info: true,
            headers: HeaderRule::ReplaceNone,
            kafka_api_key: false,
        }
    }
}

impl Redaction {
    /// Redacts a URL.
    pub(crate) fn url(&self, url: Cow<'_, str>) -> String {
        let url = if self.url_query {
            url::without_query(url)
        } else {
            url
        };
        match url::password(&url) {
            Some(password) if self.user_info => {
                [&url[..password.start], REDACTED, &url[password.end..]].concat()
            }
            _ => url.into_owned(),
        }
    }

    /// Redacts a header's value; calls `value` only if it is kept.
    pub(crate) fn header(&self, name: &str, value: impl FnOnce() -> String) -> String {
        let is_in = |names: &[String]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        let is_replaced = match &self.headers {
            HeaderRule::ReplaceNone => false,
            HeaderRule::ReplaceAll => true,
            HeaderRule::ReplaceOnly(names) => is_in(names),
            HeaderRule::KeepOnly(names) => !is_in(names),
        };
        if is_replaced {
            REDACTED.to_owned()
        } else {
            value()
        }
    }

    /// Redacts the name of a Kafka API.
    pub(crate) fn kafka_api_key(&self, key: String) -> String {
        if self.kafka_api_key {
            REDACTED.to_owned()
        } else {
            key
        }
    }
}
