//! The backend of each signal, from the keys of the configuration.

use std::sync::Arc;

use tidegate_runtime::component::BuildError;

use super::config::Config;
use super::signal::Signal;
use super::transport::{
    BackendConfig, BackendTarget, EndpointUrl, EndpointUse, ProxyConfig, Targets, TlsConfig,
};

/// Checks the settings of all signals. Those without settings of their own share a backend, and
/// those that are not sent have that of another.
pub(super) fn targets(keys: &Config, proxy: &ProxyConfig) -> Result<Targets, BuildError> {
    let proxy = ProxyConfig {
        url: keys.proxy_url.clone(),
        ..proxy.clone()
    };
    proxy.check()?;
    let is_common_used = Signal::ALL
        .into_iter()
        .any(|signal| keys.sends(signal) && !has_own(keys, signal));
    let common = match is_common_used || keys.endpoint.is_some() || !keys.endpoints.is_empty() {
        true => Some(Arc::new(BackendTarget::new(&common(keys, &proxy))?)),
        false => None,
    };
    let mut own = Vec::new();
    for signal in Signal::ALL {
        own.push(match has_own(keys, signal) {
            true => Some(Arc::new(BackendTarget::new(&of_signal(
                keys, signal, &proxy,
            ))?)),
            false => None,
        });
    }
    let any = common.iter().chain(own.iter().flatten()).next().cloned();
    let Some(any) = any else {
        return Err(BuildError {
            key: "signals",
            message: "at least one signal is needed".to_owned(),
        });
    };
    let target = |signal: Signal| {
        let own = own[signal as usize].as_ref().or(common.as_ref());
        Arc::clone(own.unwrap_or(&any))
    };
    Ok(Targets {
        of_signals: Signal::ALL.map(target),
        reload_interval: keys.reload_interval.0,
    })
}

/// Whether a signal has settings that its backend does not share with others.
fn has_own(keys: &Config, signal: Signal) -> bool {
    let own = keys.settings_of(signal);
    let has_tls = own.tls.is_given() || own.tls.insecure.is_some();
    keys.endpoint_of(signal).is_some()
        || own.protocol.is_some()
        || own.headers.is_some()
        || own.timeout.is_some()
        || has_tls
}

/// The settings of the signals that have none of their own.
fn common(keys: &Config, proxy: &ProxyConfig) -> BackendConfig {
    let protocol = *keys.protocol.get();
    let default = EndpointUrl(protocol.default_endpoint().to_owned());
    let one = || vec![keys.endpoint.clone().unwrap_or(default)];
    let (key, endpoints) = match keys.endpoints.is_empty() {
        true => ("endpoint", one()),
        false => ("endpoints", keys.endpoints.clone()),
    };
    BackendConfig {
        signal: None,
        key,
        endpoints,
        balancer: keys.balancer_name,
        protocol,
        tls: keys.tls.clone(),
        credentials: keys.credentials(),
        proxy: proxy.clone(),
        keepalive: keys.keepalive.clone(),
        timeout: keys.timeout.get().get(),
    }
}

/// The settings of a signal that has some of its own.
fn of_signal(keys: &Config, signal: Signal, proxy: &ProxyConfig) -> BackendConfig {
    let own = keys.settings_of(signal);
    let mut config = common(keys, proxy);
    config.protocol = keys.protocol_of(signal);
    let is_default = keys.endpoint.is_none() && keys.endpoints.is_empty();
    if let Some(endpoint) = keys.endpoint_of(signal) {
        config.signal = Some(signal);
        config.key = endpoint_key(signal);
        config.endpoints = vec![endpoint.clone()];
    } else if is_default {
        let default = config.protocol.default_endpoint();
        config.endpoints = vec![EndpointUrl(default.to_owned())];
    }
    config.tls = own.tls.or(&keys.tls);
    let is_tls = config
        .endpoints
        .iter()
        .any(|endpoint| is_tls(endpoint, &config));
    if !is_tls {
        // Certificates that are given for the other signals are no mistake here.
        config.tls = TlsConfig {
            insecure: config.tls.insecure,
            ..own.tls.clone()
        };
    }
    if let Some(headers) = &own.headers {
        config.credentials.headers = headers.clone();
    }
    if let Some(timeout) = own.timeout {
        config.timeout = timeout.get();
    }
    config
}

/// Whether connections to an endpoint are encrypted; true for an invalid one, which is reported
/// later.
fn is_tls(endpoint: &EndpointUrl, config: &BackendConfig) -> bool {
    let address = endpoint.parse(EndpointUse {
        protocol: config.protocol,
        is_insecure: config.tls.insecure.unwrap_or(false),
        signal: config.signal,
    });
    address.is_ok_and(|address| address.is_tls)
}

/// The key of the endpoint of a signal.
pub(super) const fn endpoint_key(signal: Signal) -> &'static str {
    match signal {
        Signal::Logs => "logs_endpoint",
        Signal::Metrics => "metrics_endpoint",
        Signal::Traces => "traces_endpoint",
    }
}
