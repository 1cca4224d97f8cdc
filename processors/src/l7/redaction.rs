//! Redaction of L7 flows: Hubble's `hubble-redact-*` settings, by the rules of
//! `pkg/hubble/parser/seven/{http,kafka}.go` (v1.19.4).
//!
//! Redaction is applied where an L7 flow is made, so no later stage can see what was removed. As in
//! Hubble, a password in a URL is replaced by default, even if nothing else is redacted, and the
//! other keys have no effect without `enabled`.

use std::borrow::Cow;

use tidegate_model::flow::REDACTED;
use tidegate_runtime::component::BuildError;

use super::url;

tidegate_runtime::config_table! {
    /// What is removed from flows. The names of Helm's values (`urlQuery`) are accepted, too.
    #[derive(Clone, Debug)]
    pub(crate) struct Settings {
        /// `hubble-redact-enabled`: whether the other keys apply, and whether values of headers are
        /// replaced. Without it only passwords in URLs are.
        enabled: bool = false,
        /// What is removed from HTTP flows.
        http: HttpSettings = HttpSettings::default(),
        /// What is removed from Kafka flows.
        kafka: KafkaSettings = KafkaSettings::default(),
    }
}

tidegate_runtime::config_table! {
    /// What is removed from HTTP flows.
    #[derive(Clone, Debug)]
    struct HttpSettings {
        /// `hubble-redact-http-urlquery`: whether query and fragment are removed from URLs.
        #[alias = "urlQuery"]
        url_query: bool = false,
        /// `hubble-redact-http-userinfo`: whether passwords in URLs are replaced.
        #[alias = "userInfo"]
        user_info: bool = true,
        /// Whose values are replaced: those of all headers, unless one of the lists is given.
        headers: HeaderSettings = HeaderSettings::default(),
    }
}

tidegate_runtime::config_table! {
    /// Names of headers, in any case.
    #[derive(Clone, Debug)]
    struct HeaderSettings {
        /// `hubble-redact-http-headers-allow`: headers whose values are kept; all others are
        /// replaced.
        allow: Vec<String> = Vec::new(),
        /// `hubble-redact-http-headers-deny`: headers whose values are replaced; all others are
        /// kept.
        deny: Vec<String> = Vec::new(),
    }
}

tidegate_runtime::config_table! {
    /// What is removed from Kafka flows.
    #[derive(Clone, Copy, Debug)]
    struct KafkaSettings {
        /// `hubble-redact-kafka-apikey`: whether the name of the API is replaced.
        #[alias = "apiKey"]
        api_key: bool = false,
    }
}

impl Settings {
    /// Returns the rules for these settings.
    ///
    /// # Errors
    /// Both lists of headers are set.
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
                    "`redact` has no effect without `enabled = true`; passwords in URLs are \
                     always replaced"
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
