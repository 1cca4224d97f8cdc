//! Compression of responses, as the client asks for it (RFC 9110, section 12.5.3).

use std::io::{self, Write as _};

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;
use flate2::write::GzEncoder;

/// How the body of a response is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContentCoding {
    /// Not at all.
    #[default]
    Identity,
    /// With gzip, as Prometheus asks for.
    Gzip,
    /// With zstd, at a fraction of the CPU time.
    Zstd,
}

/// The names of the codings in the order of preference among those that a client likes equally.
const NAMES: [(&str, ContentCoding); 3] = [
    ("zstd", ContentCoding::Zstd),
    ("gzip", ContentCoding::Gzip),
    ("identity", ContentCoding::Identity),
];

impl ContentCoding {
    /// The coding that the client likes best. A client that refuses all of them gets plain bodies,
    /// which is what servers that do not compress do.
    #[must_use]
    pub fn negotiate(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT_ENCODING).iter();
        let values = values.filter_map(|value| value.to_str().ok());
        let elements: Vec<_> = values
            .flat_map(|value| value.split(','))
            .map(quality)
            .collect();
        let quality_of = |name: &str| {
            let of = |wanted: &str| {
                let mut elements = elements.iter();
                elements
                    .find(|(coding, _)| coding.eq_ignore_ascii_case(wanted))
                    .map(|(_, quality)| *quality)
            };
            let x_name = of(if name == "gzip" { "x-gzip" } else { name });
            let any = of("*").filter(|_| name != "identity" || !elements.is_empty());
            of(name).or(x_name).or(any)
        };
        let mut best = (0.0, Self::Identity);
        for (name, coding) in NAMES {
            let quality = quality_of(name).unwrap_or(0.0);
            if quality > best.0 {
                best = (quality, coding);
            }
        }
        best.1
    }

    /// The value of the header `Content-Encoding`; `None` for plain bodies.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// An element of the header, and its quality.
fn quality(element: &str) -> (&str, f64) {
    let (coding, parameters) = element.split_once(';').unwrap_or((element, ""));
    let quality = parameters.trim().strip_prefix("q=");
    let quality = quality.and_then(|quality| quality.trim().parse().ok());
    (coding.trim(), quality.unwrap_or(1.0))
}

/// Compresses a body that is written in chunks.
pub struct BodyEncoder(Encoder);

enum Encoder {
    Identity,
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

/// The fastest level: it makes a thirtieth of an exposition.
const GZIP_LEVEL: u32 = 1;
/// The fastest level that is not called so.
const ZSTD_LEVEL: i32 = 1;
/// 128 KiB, so that a response takes little memory; an exposition repeats itself line by line.
const ZSTD_WINDOW_LOG: u32 = 17;

impl BodyEncoder {
    /// Begins a body.
    ///
    /// # Errors
    ///
    /// If the compressor has no memory.
    pub fn new(coding: ContentCoding) -> io::Result<Self> {
        Ok(Self(match coding {
            ContentCoding::Identity => Encoder::Identity,
            ContentCoding::Gzip => {
                let level = flate2::Compression::new(GZIP_LEVEL);
                Encoder::Gzip(Box::new(GzEncoder::new(Vec::new(), level)))
            }
            ContentCoding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.window_log(ZSTD_WINDOW_LOG)?;
                Encoder::Zstd(encoder)
            }
        }))
    }

    /// Takes a chunk, and returns what is ready, which may be nothing.
    ///
    /// # Errors
    ///
    /// If the compressor fails.
    pub fn encode(&mut self, chunk: Vec<u8>) -> io::Result<Vec<u8>> {
        match &mut self.0 {
            Encoder::Identity => Ok(chunk),
            Encoder::Gzip(encoder) => {
                encoder.write_all(&chunk)?;
                Ok(std::mem::take(encoder.get_mut()))
            }
            Encoder::Zstd(encoder) => {
                encoder.write_all(&chunk)?;
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }

    /// Ends the body, and returns what is left of it.
    ///
    /// # Errors
    ///
    /// If the compressor fails.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self.0 {
            Encoder::Identity => Ok(Vec::new()),
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl std::fmt::Debug for BodyEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BodyEncoder")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use axum::http::header::ACCEPT_ENCODING;
    use axum::http::{HeaderMap, HeaderValue};

    use super::{BodyEncoder, ContentCoding};

    #[test]
    fn the_coding_is_the_one_that_the_client_likes_best() {
        use ContentCoding::{Gzip, Identity, Zstd};
        for (values, expected) in [
            (&[][..], Identity),
            (&[""], Identity),
            (&["gzip"], Gzip),
            (&["GZIP"], Gzip),
            (&["x-gzip"], Gzip),
            (&["deflate, br"], Identity),
            (&["gzip, deflate, br, zstd"], Zstd),
            (&["gzip;q=1.0, zstd;q=0.5"], Gzip),
            (&["gzip", "zstd"], Zstd),
            (&["gzip;q=0"], Identity),
            (&["gzip;q=0.5, identity"], Identity),
            (&["gzip; q=0.5, identity;q=0.1"], Gzip),
            (&["*"], Zstd),
            (&["zstd;q=0, *"], Gzip),
            (&["*;q=0"], Identity),
            (&["identity;q=0"], Identity),
            (&["gzip;q=x"], Gzip),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(ContentCoding::negotiate(&headers), expected, "{values:?}");
        }
    }

    #[test]
    fn a_body_of_chunks_is_the_same_in_every_coding() {
        let chunks: Vec<Vec<u8>> = (0..50)
            .map(|number| {
                format!("metric{{number=\"{number}\"}} 1\n")
                    .repeat(400)
                    .into_bytes()
            })
            .collect();
        for coding in [
            ContentCoding::Identity,
            ContentCoding::Gzip,
            ContentCoding::Zstd,
        ] {
            let mut encoder = BodyEncoder::new(coding).unwrap();
            let mut sent = Vec::new();
            for chunk in &chunks {
                sent.extend(encoder.encode(chunk.clone()).unwrap());
            }
            sent.extend(encoder.finish().unwrap());
            let mut body = Vec::new();
            match coding {
                ContentCoding::Identity => body = sent,
                ContentCoding::Gzip => {
                    flate2::read::GzDecoder::new(&sent[..])
                        .read_to_end(&mut body)
                        .unwrap();
                    assert!(sent.len() < chunks.concat().len() / 10);
                }
                ContentCoding::Zstd => {
                    body = zstd::decode_all(&sent[..]).unwrap();
                    assert!(sent.len() < chunks.concat().len() / 10);
                }
            }
            assert!(body == chunks.concat(), "{coding:?}");
        }
    }
}
