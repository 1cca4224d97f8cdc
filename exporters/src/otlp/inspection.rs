//! Warnings about the configuration, and the files that it names.

use tidegate_runtime::component::{FileContent, FileUse, Finding, Lint, Place};

use super::backends::endpoint_key;
use super::config::Config;
use super::signal::Signal;
use super::transport::{EndpointUrl, EndpointUse, Protocol, TlsConfig};

/// An endpoint of the configuration, and how it is used.
struct UsedEndpoint<'a> {
    place: Place,
    url: &'a EndpointUrl,
    how: EndpointUse,
    /// The header of a credential, if one is sent.
    credential: Option<String>,
}

/// Warnings about endpoints that are valid by themselves.
pub(super) fn findings(keys: &Config) -> Vec<Finding> {
    endpoints(keys).iter().flat_map(about).collect()
}

fn endpoints(keys: &Config) -> Vec<UsedEndpoint<'_>> {
    let credential = keys.credentials().credential().map(str::to_owned);
    let common = EndpointUse {
        protocol: *keys.protocol.get(),
        is_insecure: keys.tls.insecure.unwrap_or(false),
        signal: None,
    };
    let one = keys
        .endpoint
        .iter()
        .map(|url| (Place::Key("endpoint"), url));
    let several = keys.endpoints.iter().enumerate();
    let several = several.map(|(at, url)| (Place::Path(format!("endpoints.{at}")), url));
    let common = one.chain(several).map(|(place, url)| UsedEndpoint {
        place,
        url,
        how: common,
        credential: credential.clone(),
    });
    let own = Signal::ALL.into_iter().filter_map(|signal| {
        let own = keys.settings_of(signal);
        let mut credentials = keys.credentials();
        if let Some(headers) = &own.headers {
            credentials.headers = headers.clone();
        }
        Some(UsedEndpoint {
            place: Place::Key(endpoint_key(signal)),
            url: keys.endpoint_of(signal)?,
            how: EndpointUse {
                protocol: keys.protocol_of(signal),
                is_insecure: own.tls.or(&keys.tls).insecure.unwrap_or(false),
                signal: Some(signal),
            },
            credential: credentials.credential().map(str::to_owned),
        })
    });
    common.chain(own).collect()
}

fn about(endpoint: &UsedEndpoint<'_>) -> Vec<Finding> {
    let Ok(address) = endpoint.url.parse(endpoint.how) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let protocol = endpoint.how.protocol;
    let other = match protocol {
        Protocol::Grpc => Protocol::HttpProtobuf,
        Protocol::HttpProtobuf | Protocol::HttpJson => Protocol::Grpc,
    };
    if address.port() == Some(other.port()) {
        let title = format!("port {} is that of {}", other.port(), other.title());
        let help = format!(
            "set protocol = \"{}\", or use the port of {}, usually {}",
            other.name(),
            protocol.title(),
            protocol.port()
        );
        findings.push(
            Finding::warning(Lint::PortOfOtherProtocol, endpoint.place.clone(), title)
                .label(format!("`protocol` is \"{}\"", protocol.name()))
                .help(help),
        );
    }
    if !address.is_tls
        && !address.is_loopback()
        && let Some(name) = &endpoint.credential
    {
        let title = format!("the header `{name}` crosses the network in plain text");
        findings.push(
            Finding::warning(Lint::PlainTextCredentials, endpoint.place.clone(), title)
                .label("without TLS, and not on this host")
                .help("begin the endpoint with https://"),
        );
    }
    findings
}

/// The keys of the files of a table `tls`.
struct TlsKeys {
    ca: &'static str,
    certificate: &'static str,
    key: &'static str,
}

/// The certificates, the keys and the credentials.
pub(super) fn files(keys: &Config) -> Vec<FileUse> {
    let common = TlsKeys {
        ca: "tls.ca_file",
        certificate: "tls.cert_file",
        key: "tls.key_file",
    };
    let mut files = files_of_tls(&keys.tls, &common);
    for signal in Signal::ALL {
        files.extend(files_of_tls(
            &keys.settings_of(signal).tls,
            &keys_of(signal),
        ));
    }
    let tokens = keys.token_file.iter();
    files.extend(tokens.map(|path| FileUse::new("token_file", path, FileContent::Tokens)));
    let headers = keys.header_files.values();
    files.extend(headers.map(|path| FileUse::new("header_files", path, FileContent::Text)));
    let basic = keys.basic_auth.iter();
    let passwords = basic.filter_map(|basic| basic.password_file.as_ref());
    let key = "basic_auth.password_file";
    files.extend(passwords.map(|path| FileUse::new(key, path, FileContent::Text)));
    files
}

fn keys_of(signal: Signal) -> TlsKeys {
    let (ca, certificate, key) = match signal {
        Signal::Logs => (
            "logs.tls.ca_file",
            "logs.tls.cert_file",
            "logs.tls.key_file",
        ),
        Signal::Metrics => (
            "metrics.tls.ca_file",
            "metrics.tls.cert_file",
            "metrics.tls.key_file",
        ),
        Signal::Traces => (
            "traces.tls.ca_file",
            "traces.tls.cert_file",
            "traces.tls.key_file",
        ),
    };
    TlsKeys {
        ca,
        certificate,
        key,
    }
}

fn files_of_tls(tls: &TlsConfig, keys: &TlsKeys) -> Vec<FileUse> {
    let mut files = Vec::new();
    if let Some(path) = &tls.ca_file {
        let content = FileContent::CertificateAuthorities;
        files.push(FileUse::new(keys.ca, path, content));
    }
    if let (Some(certificate), Some(key)) = (&tls.cert_file, &tls.key_file) {
        let content = FileContent::CertificateChain {
            private_key: key.clone(),
        };
        files.push(FileUse::new(keys.certificate, certificate, content));
        files.push(FileUse::new(keys.key, key, FileContent::PrivateKey));
    }
    files
}
