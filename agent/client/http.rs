//! Asks an agent over HTTP.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, HOST, HeaderValue, InvalidHeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::target::Target;
use super::tls::{Connection, Connector};
use crate::config::Secret;
use crate::telemetry::Page;

/// How long an agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the agent at an address.
#[derive(Clone)]
pub(crate) struct Client {
    connector: Connector,
    token: Option<Secret>,
    /// As errors and screens call it.
    address: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error(
        "cannot connect to an agent at {address}: is one running, and is that its `service.telemetry.listen`? \
         `--address HOST:PORT`, `--address unix:PATH` or `-c FILE` names another"
    )]
    Unreachable { address: String, source: io::Error },
    #[error("may not connect to {address}: its owner and its group may")]
    Forbidden { address: String, source: io::Error },
    #[error("the agent at {address} does not answer")]
    Silent { address: String },
    #[error(
        "the agent at {address} wants a token: give it with `--token-file FILE` or in TIDEGATE_TOKEN; it is in the agent's \
         `service.telemetry.admin.token_file` or `token`"
    )]
    NoToken { address: String },
    #[error(
        "the agent at {address} does not know this token: is it still in its `service.telemetry.admin.token_file`?"
    )]
    WrongToken { address: String },
    #[error(
        "the agent does not serve {page} at {address}: `--address unix:PATH`, `--address HOST:PORT` or `-c FILE` names its \
         `service.telemetry.admin.listen`"
    )]
    Elsewhere { address: String, page: String },
    #[error(
        "the agent at {address} does not go by that name: use its IP address, or add the name to its `allowed_hosts`"
    )]
    Misdirected { address: String },
    #[error("the agent at {address} broke off{}", hint(.source))]
    BrokenOff {
        address: String,
        source: hyper::Error,
    },
    #[error("what answers at {address} is no agent of this kind: {text}")]
    Stranger { address: String, text: String },
    #[error("{text}")]
    Refused { status: StatusCode, text: String },
}

/// An answer whose body is still to come.
pub(crate) struct Answer {
    address: String,
    body: Incoming,
    /// The connection stays while this does.
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

    /// Where it asks.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The ledger.
    pub(crate) async fn ledger(&self) -> Result<Page<String>, NoAnswer> {
        self.read(&self.ledger_text().await?)
    }

    /// Reads the ledger's text.
    pub(crate) fn read(&self, text: &str) -> Result<Page<String>, NoAnswer> {
        serde_json::from_str(text).map_err(|error| self.stranger(&error.to_string()))
    }

    /// The ledger as it comes.
    pub(crate) async fn ledger_text(&self) -> Result<String, NoAnswer> {
        let asking = async { self.open("/debug/ledger").await?.text().await };
        timeout(PATIENCE, asking)
            .await
            .unwrap_or_else(|_| Err(self.silent()))
    }

    /// Asks for a page; an answer that is not good is an error with its text.
    pub(crate) async fn open(&self, page: &str) -> Result<Answer, NoAnswer> {
        let broken = |source| NoAnswer::BrokenOff {
            address: self.address.clone(),
            source,
        };
        let (mut sender, connection) = handshake(TokioIo::new(self.connect().await?))
            .await
            .map_err(broken)?;
        // Its errors are those of the answer.
        tokio::spawn(connection);
        let mut request = Request::get(page).header(HOST, self.connector.target.host());
        if let Some(token) = &self.token {
            request = request.header(
                AUTHORIZATION,
                bearer(token).map_err(|error| self.stranger(&error.to_string()))?,
            );
        }
        let request = request
            .body(Empty::new())
            .map_err(|error| self.stranger(&error.to_string()))?;
        let response = timeout(PATIENCE, sender.send_request(request))
            .await
            .map_err(|_| self.silent())?;
        let (head, body) = response.map_err(broken)?.into_parts();
        let answer = Answer {
            address: self.address.clone(),
            body,
            _sender: sender,
        };
        match head.status {
            StatusCode::OK => Ok(answer),
            StatusCode::UNAUTHORIZED => Err(match self.token {
                None => NoAnswer::NoToken {
                    address: self.address.clone(),
                },
                Some(_) => NoAnswer::WrongToken {
                    address: self.address.clone(),
                },
            }),
            StatusCode::NOT_FOUND => {
                let page = page.split('?').next().unwrap_or(page).to_owned();
                Err(NoAnswer::Elsewhere {
                    address: self.address.clone(),
                    page,
                })
            }
            StatusCode::MISDIRECTED_REQUEST => Err(NoAnswer::Misdirected {
                address: self.address.clone(),
            }),
            status => Err(NoAnswer::Refused {
                status,
                text: answer.text().await?.trim_end().to_owned(),
            }),
        }
    }

    async fn connect(&self) -> Result<Box<dyn Connection>, NoAnswer> {
        let connected = timeout(PATIENCE, self.connector.connect()).await;
        connected
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|source| {
                let address = self.address.clone();
                match (&self.connector.target, source.kind()) {
                    (Target::Unix(_), io::ErrorKind::PermissionDenied) => {
                        NoAnswer::Forbidden { address, source }
                    }
                    _ => NoAnswer::Unreachable { address, source },
                }
            })
    }

    fn silent(&self) -> NoAnswer {
        NoAnswer::Silent {
            address: self.address.clone(),
        }
    }

    fn stranger(&self, text: &str) -> NoAnswer {
        NoAnswer::Stranger {
            address: self.address.clone(),
            text: text.to_owned(),
        }
    }
}

/// The value of the header with a token, which is never shown.
fn bearer(token: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A listener with TLS closes a connection that begins without.
fn hint(error: &hyper::Error) -> &'static str {
    if error.is_incomplete_message() || error.is_parse() {
        "; does it speak TLS: `--address https://HOST:PORT`?"
    } else {
        ""
    }
}

impl Answer {
    /// The whole body.
    async fn text(self) -> Result<String, NoAnswer> {
        let Self {
            address,
            body,
            _sender,
        } = self;
        let body = body
            .collect()
            .await
            .map_err(|source| NoAnswer::BrokenOff { address, source })?;
        Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
    }

    /// The next piece of the body; `None` at its end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, NoAnswer> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|source| NoAnswer::BrokenOff {
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
