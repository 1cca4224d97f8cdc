//! Asks an agent over HTTP.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::telemetry::Page;

/// How long an agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the agent at an address.
#[derive(Clone, Debug)]
pub(super) struct Client {
    address: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error(
        "cannot connect to an agent at {address}: is one running, and is that its `service.telemetry.listen`? \
         `--address HOST:PORT` or `-c FILE` names another"
    )]
    Unreachable { address: String, source: io::Error },
    #[error("the agent at {address} does not answer")]
    Silent { address: String },
    #[error("the agent at {address} broke off")]
    BrokenOff { address: String, source: hyper::Error },
    #[error("what answers at {address} is no agent of this kind: {text}")]
    Stranger { address: String, text: String },
    #[error("{text}")]
    Refused { status: StatusCode, text: String },
}

/// An answer whose body is still to come.
pub(super) struct Answer {
    address: String,
    body: Incoming,
    /// The connection stays while this does.
    _sender: SendRequest<Empty<Bytes>>,
}

impl Client {
    pub(super) fn new(address: String) -> Self {
        Self { address }
    }

    /// Where it asks.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The ledger.
    pub(super) async fn ledger(&self) -> Result<Page<String>, NoAnswer> {
        self.read(&self.ledger_text().await?)
    }

    /// Reads the ledger's text.
    pub(super) fn read(&self, text: &str) -> Result<Page<String>, NoAnswer> {
        serde_json::from_str(text).map_err(|error| self.stranger(&error.to_string()))
    }

    /// The ledger as it comes.
    pub(super) async fn ledger_text(&self) -> Result<String, NoAnswer> {
        let asking = async { self.open("/debug/ledger").await?.text().await };
        timeout(PATIENCE, asking).await.unwrap_or_else(|_| Err(self.silent()))
    }

    /// Asks for a page; an answer that is not good is an error with its text.
    pub(super) async fn open(&self, page: &str) -> Result<Answer, NoAnswer> {
        let broken = |source| NoAnswer::BrokenOff { address: self.address.clone(), source };
        let (mut sender, connection) = handshake(TokioIo::new(self.connect().await?)).await.map_err(broken)?;
        // Its errors are those of the answer.
        tokio::spawn(connection);
        let request = Request::get(page).header(HOST, &self.address).body(Empty::new());
        let request = request.map_err(|error| self.stranger(&error.to_string()))?;
        let response = timeout(PATIENCE, sender.send_request(request)).await.map_err(|_| self.silent())?;
        let (head, body) = response.map_err(broken)?.into_parts();
        let answer = Answer { address: self.address.clone(), body, _sender: sender };
        match head.status {
            StatusCode::OK => Ok(answer),
            StatusCode::NOT_FOUND => {
                Err(self.stranger(&format!("it has no {}", page.split('?').next().unwrap_or(page))))
            }
            status => Err(NoAnswer::Refused { status, text: answer.text().await?.trim_end().to_owned() }),
        }
    }

    async fn connect(&self) -> Result<TcpStream, NoAnswer> {
        let unreachable = |source| NoAnswer::Unreachable { address: self.address.clone(), source };
        match timeout(PATIENCE, TcpStream::connect(&self.address)).await {
            Ok(connected) => connected.map_err(unreachable),
            Err(_) => Err(unreachable(io::ErrorKind::TimedOut.into())),
        }
    }

    fn silent(&self) -> NoAnswer {
        NoAnswer::Silent { address: self.address.clone() }
    }

    fn stranger(&self, text: &str) -> NoAnswer {
        NoAnswer::Stranger { address: self.address.clone(), text: text.to_owned() }
    }
}

impl Answer {
    /// The whole body.
    async fn text(self) -> Result<String, NoAnswer> {
        let Self { address, body, _sender } = self;
        let body = body.collect().await.map_err(|source| NoAnswer::BrokenOff { address, source })?;
        Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, NoAnswer> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|source| NoAnswer::BrokenOff { address: self.address.clone(), source })?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}
