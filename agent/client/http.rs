//! HTTP requests to an agent, over TCP, TLS or a unix socket.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, HOST, HeaderValue, InvalidHeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_rustls::rustls::Error as TlsError;

use super::target::Target;
use super::tls::{Connection, Connector};
use crate::config::Secret;
use crate::telemetry::LedgerPage;

/// Time for the agent to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A client for one agent. Each request has a connection of its own.
#[derive(Clone)]
pub(crate) struct Client {
    connector: Connector,
    token: Option<Secret>,
    /// The address for messages.
    address: String,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error(
        "cannot connect to an agent at {address}: is one running, and is that its \
         `service.telemetry.listen`? `--address HOST:PORT`, `--address unix:PATH` or `-c FILE` \
         names another"
    )]
    Unreachable { address: String, source: io::Error },
    #[error(
        "the certificate of the agent at {address} cannot be verified: `--ca-file FILE` names the \
         authority that has signed it{}", certificate_hint(.source)
    )]
    Untrusted { address: String, source: io::Error },
    #[error("{address} does not speak TLS: write `--address HOST:PORT`, without certificates")]
    NoTls { address: String, source: io::Error },
    #[error("no permission to connect to {address}: its owner and its group have it")]
    Forbidden { address: String, source: io::Error },
    #[error("the agent at {address} does not answer")]
    TimedOut { address: String },
    #[error(
        "the agent at {address} requires a token: pass it with `--token-file FILE` or in \
         TIDEGATE_TOKEN; it is in the agent's `service.telemetry.admin.token_file` or `token`"
    )]
    NoToken { address: String },
    #[error(
        "the agent at {address} does not accept this token: is it still in its \
         `service.telemetry.admin.token_file`?"
    )]
    WrongToken { address: String },
    #[error(
        "the agent does not serve {page} at {address}: `--address unix:PATH`, \
         `--address HOST:PORT` or `-c FILE` names its `service.telemetry.admin.listen`"
    )]
    NotServed { address: String, page: String },
    #[error(
        "the agent does not accept the name in {address}: use its IP address, or add the name to \
         its `allowed_hosts`"
    )]
    UnknownHost { address: String },
    #[error("the connection to the agent at {address} broke{}", hint(.source))]
    Broken {
        address: String,
        source: hyper::Error,
    },
    #[error("the answer from {address} is not that of an agent of this version: {text}")]
    UnexpectedAnswer { address: String, text: String },
    #[error("{text}")]
    Refused { status: StatusCode, text: String },
}

/// A response; its body is read in chunks.
pub(crate) struct Response {
    address: String,
    body: Incoming,
    /// Keeps the connection open.
    _sender: SendRequest<Empty<Bytes>>,
}

impl Client {
    pub(super) fn new(connector: Connector, token: Option<Secret>) -> Self {
        let address = connector.target.to_string();
        Self {
            connector,
            token,
            address,
        }
    }

    /// The address for messages.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Requests the ledger.
    pub(crate) async fn ledger(&self) -> Result<LedgerPage<String>, ClientError> {
        self.parse_ledger(&self.ledger_text().await?)
    }

    /// Parses the text of [`Self::ledger_text`].
    pub(crate) fn parse_ledger(&self, text: &str) -> Result<LedgerPage<String>, ClientError> {
        serde_json::from_str(text).map_err(|error| self.unexpected(&error.to_string()))
    }

    /// Requests the ledger as JSON.
    pub(crate) async fn ledger_text(&self) -> Result<String, ClientError> {
        let request = async { self.get("/debug/ledger").await?.text().await };
        timeout(TIMEOUT, request)
            .await
            .unwrap_or_else(|_| Err(self.timed_out()))
    }

    /// Requests a page. A status other than 200 is an error.
    pub(crate) async fn get(&self, page: &str) -> Result<Response, ClientError> {
        let broken = |source| ClientError::Broken {
            address: self.address.clone(),
            source,
        };
        let (mut sender, connection) = handshake(TokioIo::new(self.connect().await?))
            .await
            .map_err(broken)?;
        // Its error is also that of the response.
        tokio::spawn(connection);
        let request = self
            .request(page)
            .map_err(|error| self.unexpected(&error.to_string()))?;
        let response = timeout(TIMEOUT, sender.send_request(request))
            .await
            .map_err(|_| self.timed_out())?;
        let (head, body) = response.map_err(broken)?.into_parts();
        let response = Response {
            address: self.address.clone(),
            body,
            _sender: sender,
        };
        if head.status == StatusCode::OK {
            Ok(response)
        } else {
            Err(self.refusal(head.status, page, response).await)
        }
    }

    fn request(&self, page: &str) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
        let mut request = Request::get(page).header(HOST, self.connector.target.host());
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, bearer(token)?);
        }
        request.body(Empty::new())
    }

    async fn refusal(&self, status: StatusCode, page: &str, response: Response) -> ClientError {
        let address = self.address.clone();
        match status {
            StatusCode::UNAUTHORIZED if self.token.is_none() => ClientError::NoToken { address },
            StatusCode::UNAUTHORIZED => ClientError::WrongToken { address },
            StatusCode::NOT_FOUND => {
                let page = page.split('?').next().unwrap_or(page).to_owned();
                ClientError::NotServed { address, page }
            }
            StatusCode::MISDIRECTED_REQUEST => ClientError::UnknownHost { address },
            status => match response.text().await {
                Ok(text) => ClientError::Refused {
                    status,
                    text: text.trim_end().to_owned(),
                },
                Err(error) => error,
            },
        }
    }

    async fn connect(&self) -> Result<Box<dyn Connection>, ClientError> {
        let connected = timeout(TIMEOUT, self.connector.connect()).await;
        connected
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|source| {
                let address = self.address.clone();
                match (&self.connector.target, tls_error(&source)) {
                    (_, Some(TlsError::InvalidCertificate(_))) => {
                        ClientError::Untrusted { address, source }
                    }
                    (_, Some(TlsError::InvalidMessage(_))) => {
                        ClientError::NoTls { address, source }
                    }
                    (Target::Unix(_), _) if source.kind() == io::ErrorKind::PermissionDenied => {
                        ClientError::Forbidden { address, source }
                    }
                    _ => ClientError::Unreachable { address, source },
                }
            })
    }

    fn timed_out(&self) -> ClientError {
        ClientError::TimedOut {
            address: self.address.clone(),
        }
    }

    fn unexpected(&self, text: &str) -> ClientError {
        ClientError::UnexpectedAnswer {
            address: self.address.clone(),
            text: text.to_owned(),
        }
    }
}

/// The value of the `Authorization` header.
fn bearer(token: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The error of TLS, if that is what failed.
fn tls_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

/// A hint for the certificate that `openssl req -x509` makes by default.
fn certificate_hint(error: &io::Error) -> &'static str {
    match error.to_string().contains("CaUsedAsEndEntity") {
        true => "; an authority's own certificate is refused: make one with CA:FALSE",
        false => "",
    }
}

/// A hint for a listener with TLS, which closes a connection without it.
fn hint(error: &hyper::Error) -> &'static str {
    if error.is_incomplete_message() || error.is_parse() {
        "; does it speak TLS: `--address https://HOST:PORT`?"
    } else {
        ""
    }
}

impl Response {
    /// The whole body.
    async fn text(self) -> Result<String, ClientError> {
        let Self {
            address,
            body,
            _sender,
        } = self;
        let body = body
            .collect()
            .await
            .map_err(|source| ClientError::Broken { address, source })?;
        Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
    }

    /// The next chunk of the body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|source| ClientError::Broken {
                address: self.address.clone(),
                source,
            })?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}
