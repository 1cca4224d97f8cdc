//! Private keys in PEM.

use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};

use super::fault::Fault;

/// The key of a file, if TLS can use it.
pub(super) fn read(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, Fault> {
    let key = PrivateKeyDer::from_pem_slice(bytes).map_err(|error| unreadable(bytes, &error))?;
    match any_supported_type(&key) {
        Ok(_) => Ok(key),
        Err(_) => Err(Fault::error("has a key that cannot be used")
            .label("it is damaged, or of an unsupported kind")
            .note("keys can be RSA of 2048 bits or more, ECDSA of P-256 or P-384, or Ed25519")),
    }
}

fn unreadable(bytes: &[u8], error: &pem::Error) -> Fault {
    let fault = Fault::error("has no private key");
    let has = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    match error {
        _ if has("ENCRYPTED") => fault
            .label("it is encrypted")
            .help("decrypt it with `openssl pkey -in FILE -out FILE`, and limit who can read it"),
        pem::Error::NoItemsFound if bytes.is_empty() => fault.label("the file is empty"),
        pem::Error::NoItemsFound if bytes.starts_with(&[0x30]) => fault
            .label("it is DER, not PEM")
            .help("convert it with `openssl pkey -inform der`"),
        pem::Error::NoItemsFound if has("BEGIN CERTIFICATE") => fault.label("it has a certificate"),
        pem::Error::NoItemsFound => fault.label("it has no block BEGIN PRIVATE KEY"),
        error => fault.label(format!("this is not PEM: {error}")),
    }
}
