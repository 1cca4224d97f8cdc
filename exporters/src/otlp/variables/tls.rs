//! The variables of certificates.

use super::{Reader, name};
use crate::otlp::config::Config;
use crate::otlp::signal::Signal;
use crate::otlp::transport::{EndpointUrl, EndpointUse, TlsConfig};

/// The settings that name files: authorities, certificate and key.
const FILES: [&str; 3] = ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"];

impl Reader<'_> {
    /// Each key of the file comes before the variable of the same setting. Certificates are without
    /// effect on a plain-text endpoint, for which the keys would be an error.
    pub(super) fn set_tls(&mut self, keys: &mut Config) {
        let of_file = keys.tls.clone();
        let of_all = self.tls(None);
        let of_signals = Signal::ALL.map(|signal| self.tls(Some(signal)));
        // Which endpoints are plain text depends on this.
        keys.tls.insecure = of_file.insecure.or(of_all.insecure);
        for signal in Signal::ALL {
            let own = &mut keys.settings_of_mut(signal).tls;
            let of_signal = of_signals[signal as usize].insecure;
            own.insecure = own
                .insecure
                .or(of_signal.filter(|_| of_file.insecure.is_none()));
        }
        if has_tls(keys, None) {
            keys.tls = keys.tls.or(&of_all);
            self.add_sources(&of_file, &[None]);
        }
        for signal in Signal::ALL {
            let of_signal = &of_signals[signal as usize];
            let needs_own = of_signal.is_given() || keys.endpoint_of(signal).is_some();
            if needs_own && has_tls(keys, Some(signal)) {
                let of_signal = of_signal.filled(&of_all);
                let own = &mut keys.settings_of_mut(signal).tls;
                *own = own.or(&of_file).or(&of_signal);
                self.add_sources(&of_file, &[Some(signal), None]);
            }
        }
    }

    fn tls(&mut self, signal: Option<Signal>) -> TlsConfig {
        let insecure = name(signal, "INSECURE");
        let choices = [("true", true), ("false", false)];
        let insecure = self.variables.choice(&insecure, &choices);
        let [ca_file, cert_file, key_file] =
            FILES.map(|setting| self.variables.text(&name(signal, setting)).map(Into::into));
        TlsConfig {
            insecure,
            ca_file,
            cert_file,
            key_file,
            server_name_override: None,
        }
    }

    /// An error names the variables, unless it may be about keys of the file.
    fn add_sources(&mut self, of_file: &TlsConfig, signals: &[Option<Signal>]) {
        if of_file.is_given() {
            return;
        }
        for signal in signals {
            let names = FILES.map(|setting| name(*signal, setting));
            let set = names
                .into_iter()
                .filter(|name| self.variables.text(name).is_some());
            let new: Vec<_> = set.map(|name| ("tls", name)).collect();
            self.sources.extend(new);
        }
    }
}

/// Whether the connections of a signal, or those that signals have in common, are encrypted. An
/// endpoint that is not given is plain text; an invalid one is reported later.
fn has_tls(keys: &Config, signal: Option<Signal>) -> bool {
    let own = signal.map(|signal| keys.settings_of(signal));
    let of_signal = signal.filter(|signal| keys.endpoint_of(*signal).is_some());
    let how = EndpointUse {
        protocol: signal.map_or(*keys.protocol.get(), |signal| keys.protocol_of(signal)),
        is_insecure: own
            .and_then(|own| own.tls.insecure)
            .or(keys.tls.insecure)
            .unwrap_or(false),
        signal: of_signal,
    };
    let is_tls = |url: &EndpointUrl| url.parse(how).is_ok_and(|address| address.is_tls);
    match of_signal.and_then(|signal| keys.endpoint_of(signal)) {
        Some(url) => is_tls(url),
        None => keys.endpoint.iter().chain(&keys.endpoints).any(is_tls),
    }
}
