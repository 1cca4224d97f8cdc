//! Certificates in PEM: that they can be read, belong to their keys, and are valid now.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tidegate_runtime::component::Lint;
use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, InconsistentKeys};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::fault::Fault;
use super::key;
use super::read::read;

/// How long before its end a certificate is reported.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// Whether a certificate is valid at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Validity {
    Valid,
    /// It ends within [`SOON`].
    EndsSoon(UnixTime),
    Expired(UnixTime),
    NotYet(UnixTime),
}

/// Checks certificates of authorities. Bundles have expired ones beside their successors, so at
/// least one has to be valid.
pub(super) fn check_authorities(bytes: &[u8], now: UnixTime) -> Result<Vec<Fault>, Fault> {
    let certificates = parse(bytes)?;
    let mut validities = Vec::new();
    let mut faults = Vec::new();
    for (at, certificate) in certificates.iter().enumerate() {
        anchor_from_trusted_cert(certificate).map_err(|error| unusable(at, &error))?;
        // Certificates of version 1 are accepted as authorities, and have no extensions.
        let Ok(parsed) = EndEntityCert::try_from(certificate) else {
            validities.push(Validity::Valid);
            continue;
        };
        validities.push(validity(&parsed, now));
        if !is_authority(&parsed, now) && parsed.issuer() != parsed.subject() {
            let fault = Fault::warning(
                Lint::NotAnAuthority,
                "has a certificate that cannot sign others",
            );
            let help = "name the certificate of the authority that signed it";
            faults.push(
                fault
                    .label(format!("{} is not an authority's", nth(at)))
                    .help(help),
            );
        }
    }
    let best = validities.iter().copied().max_by_key(Validity::rank);
    faults.extend(best.and_then(|best| best.fault("has no valid certificate", None)));
    Ok(faults)
}

/// Checks a certificate and those between it and its authority, and that the first one belongs to
/// the key.
pub(super) fn check_chain(
    bytes: &[u8],
    private_key: &Path,
    now: UnixTime,
) -> Result<Vec<Fault>, Fault> {
    let certificates = parse(bytes)?;
    let mut faults = Vec::new();
    for (at, certificate) in certificates.iter().enumerate() {
        let parsed = EndEntityCert::try_from(certificate).map_err(|error| unusable(at, &error))?;
        let predicate = "has a certificate that is not valid";
        let which = (certificates.len() > 1).then_some(at);
        faults.extend(validity(&parsed, now).fault(predicate, which));
    }
    faults.extend(mismatch(certificates, private_key));
    Ok(faults)
}

fn parse(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let no_certificate = || Fault::error("has no certificate");
    match parsed {
        Err(error) => Err(no_certificate().label(format!("this is not PEM: {error}"))),
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) if bytes.is_empty() => Err(no_certificate().label("the file is empty")),
        Ok(_) if bytes.starts_with(&[0x30]) => Err(no_certificate()
            .label("it is DER, not PEM")
            .help("convert it with `openssl x509 -inform der`")),
        Ok(_) if key::read(bytes).is_ok() => Err(no_certificate().label("it has a private key")),
        Ok(_) => Err(no_certificate().label("it has no block BEGIN CERTIFICATE")),
    }
}

fn unusable(at: usize, error: &webpki::Error) -> Fault {
    let label = format!("{} cannot be parsed ({error:?})", nth(at));
    Fault::error("has a certificate that cannot be used").label(label)
}

fn nth(at: usize) -> String {
    format!("certificate {}", at + 1)
}

/// The error of a verification without authorities, which begins with the certificate itself.
fn error(certificate: &EndEntityCert<'_>, time: UnixTime) -> Option<webpki::Error> {
    let usage = KeyUsage::server_auth();
    let verified = certificate.verify_for_usage(&[], &[], &[], time, usage, None, None);
    verified.err()
}

fn validity(certificate: &EndEntityCert<'_>, now: UnixTime) -> Validity {
    let end = |time| match error(certificate, time) {
        Some(webpki::Error::CertExpired { not_after, .. }) => Some(not_after),
        _ => None,
    };
    if let Some(webpki::Error::CertNotValidYet { not_before, .. }) = error(certificate, now) {
        return Validity::NotYet(not_before);
    }
    let later = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + SOON);
    match (end(now), end(later)) {
        (Some(end), _) => Validity::Expired(end),
        (None, Some(end)) => Validity::EndsSoon(end),
        (None, None) => Validity::Valid,
    }
}

/// Whether the basic constraints allow the certificate to sign others. One that is not valid now is
/// not examined further, and counts as one.
fn is_authority(certificate: &EndEntityCert<'_>, now: UnixTime) -> bool {
    let is_valid = matches!(
        validity(certificate, now),
        Validity::Valid | Validity::EndsSoon(_)
    );
    !is_valid || error(certificate, now) == Some(webpki::Error::CaUsedAsEndEntity)
}

/// The certificate's key is not the one in the file. A key that cannot be used has its own error.
fn mismatch(certificates: Vec<CertificateDer<'static>>, path: &Path) -> Option<Fault> {
    let key = key::read(&read(path).ok()??).ok()?;
    let key = any_supported_type(&key).ok()?;
    let keys_match = CertifiedKey::new(certificates, Arc::clone(&key)).keys_match();
    let Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) = keys_match else {
        return None;
    };
    let fault = Fault::error("does not belong to its key").label("the first certificate");
    Some(fault.note(format!("the key in {} is another one", path.display())))
}

impl Validity {
    /// The better of two is the greater one.
    fn rank(&self) -> u8 {
        match self {
            Self::Expired(_) => 0,
            Self::NotYet(_) => 1,
            Self::EndsSoon(_) => 2,
            Self::Valid => 3,
        }
    }

    /// What is reported; `which` is the position of the certificate, if there are several.
    fn fault(self, predicate: &'static str, which: Option<usize>) -> Option<Fault> {
        let subject = which.map_or_else(String::new, |at| format!("{}: ", nth(at)));
        let soon = "has a certificate that expires soon";
        let (fault, label) = match self {
            Self::Valid => return None,
            Self::EndsSoon(end) => {
                let fault = Fault::warning(Lint::CertificateExpiresSoon, soon);
                (fault, format!("it expires on {}", date(end)))
            }
            Self::Expired(end) => (
                Fault::error(predicate),
                format!("it expired on {}", date(end)),
            ),
            Self::NotYet(start) => (
                Fault::error(predicate),
                format!("it is valid from {}; is the clock right?", date(start)),
            ),
        };
        Some(fault.label(subject + &label))
    }
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    let timestamp = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    timestamp.map_or_else(
        || "an unknown date".to_owned(),
        |timestamp| timestamp.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}
