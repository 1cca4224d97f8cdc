//! Warnings about the configuration, and the files that it names.

use std::path::Path;

use tidegate_runtime::component::{FileContent, FileUse, Finding, Lint, Place};

use super::transport::{EndpointUrl, Headers, TlsConfig};

/// The port of OTLP over HTTP, which is not gRPC.
const OTLP_HTTP: u16 = 4318;

/// Warnings about an endpoint that is valid by itself.
pub(super) fn findings(
    endpoint: &EndpointUrl,
    headers: &Headers,
    has_token_file: bool,
) -> Vec<Finding> {
    let Ok(address) = endpoint.parse() else {
        return Vec::new();
    };
    let token = has_token_file.then_some("authorization");
    let mut findings = Vec::new();
    if address.port() == OTLP_HTTP {
        let title = format!("port {OTLP_HTTP} is that of OTLP over HTTP");
        findings.push(
            Finding::warning(Lint::PortOfOtherProtocol, Place::Key("endpoint"), title)
                .label("this exporter speaks gRPC")
                .help("use the port of OTLP over gRPC, usually 4317"),
        );
    }
    if !address.is_tls
        && !address.is_loopback()
        && let Some(name) = headers.credential().or(token)
    {
        let title = format!("the header `{name}` crosses the network in plain text");
        findings.push(
            Finding::warning(Lint::PlainTextCredentials, Place::Key("endpoint"), title)
                .label("without TLS, and not on this host")
                .help("begin the endpoint with https://"),
        );
    }
    findings
}

/// The certificates, the key and the token.
pub(super) fn files(tls: &TlsConfig, token_file: Option<&Path>) -> Vec<FileUse> {
    let mut files = Vec::new();
    if let Some(path) = &tls.ca_file {
        let content = FileContent::CertificateAuthorities;
        files.push(FileUse::new("tls.ca_file", path, content));
    }
    if let (Some(certificate), Some(key)) = (&tls.cert_file, &tls.key_file) {
        let content = FileContent::CertificateChain {
            private_key: key.clone(),
        };
        files.push(FileUse::new("tls.cert_file", certificate, content));
        files.push(FileUse::new("tls.key_file", key, FileContent::PrivateKey));
    }
    files.extend(token_file.map(|path| FileUse::new("token_file", path, FileContent::Tokens)));
    files
}
