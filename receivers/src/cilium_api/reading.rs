//! One request: from the socket to records in the pipelines.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use hyper::StatusCode;
use tidegate_model::names::{Names, NamesContent, NamesSource, Removal};
use tidegate_model::{Record, Timestamp};
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::requests::{Request, RequestReader};
use tidegate_runtime::shutdown::Shutdown;

use super::ELEMENT_INVALID;
use super::ELEMENT_TOO_LARGE;
use super::config::ApiList;
use super::failure::Failure;
use super::interfaces::EndpointInterfaces;
use super::lists::{Endpoints, Identities, List, ListCounts, ListParser, MAX_ELEMENT, release};
use super::schedule::Schedule;
use super::source::{Read, Source};
use super::status::ApiStatus;
use crate::http::{Client, HeaderMap, HeaderValue, Response};

/// How much of the body of a refusal is shown.
const EXCERPT: usize = 120;

/// Reads the API, and takes requests while it waits.
pub(super) struct Session {
    pub(super) client: Arc<Client>,
    pub(super) max_body: u64,
    /// The directory with the host's network interfaces.
    pub(super) interfaces: Arc<Path>,
    pub(super) schedule: Schedule,
    pub(super) status: ApiStatus,
    pub(super) requests: RequestReader,
    pub(super) shutdown: Shutdown,
    pub(super) out: Outbox,
}

/// Why a request ended before its response did.
#[derive(Debug)]
pub(super) enum End {
    /// The receiver is to stop.
    Stopped,
    /// What is being read is out of date.
    Outdated,
    /// It failed.
    Failed(Failure),
}

impl<F: Into<Failure>> From<F> for End {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl Session {
    /// Reads the release or a list.
    pub(super) async fn read(&mut self, source: Source) -> Result<Read, End> {
        let asked = Timestamp::now();
        match source {
            Source::List(list) => self.read_list(list, asked).await,
            Source::Release | Source::Identity | Source::Endpoint => self.read_release(asked).await,
        }
    }

    /// Reads the labels of one identity.
    pub(super) async fn read_identity(&mut self, identity: u32) -> Result<Read, End> {
        let asked = Timestamp::now();
        let path = format!("/v1/identity/{identity}");
        let Some(body) = self.single(&path).await? else {
            let removed = vec![Removal::Identity(identity)];
            self.send(asked, NamesContent::Removed(removed)).await;
            return Ok(Read::NOT_FOUND);
        };
        self.send_single::<Identities>(asked, &body).await
    }

    /// Reads one endpoint. That it does not exist is announced.
    pub(super) async fn read_endpoint(&mut self, endpoint: u16) -> Result<Read, End> {
        let asked = Timestamp::now();
        let path = format!("/v1/endpoint/{endpoint}");
        match self.single(&path).await? {
            Some(body) => self.send_single::<Endpoints>(asked, &body).await,
            None => Ok(Read::NOT_FOUND),
        }
    }

    /// Reads the body of one entry; `None` if there is no such entry.
    async fn single(&mut self, path: &str) -> Result<Option<Vec<u8>>, End> {
        let response = self
            .get(path, &HeaderMap::new(), MAX_ELEMENT as u64)
            .await?;
        if response.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(self.whole_body(response).await?))
    }

    /// Sends one entry as a portion of the list that it belongs to.
    async fn send_single<L: List>(&mut self, asked: Timestamp, body: &[u8]) -> Result<Read, End> {
        if let Ok(entry) = L::entry(serde_json::from_slice(body)?) {
            self.send(asked, L::content(vec![entry])).await;
        }
        Ok(Read::ok(1))
    }

    async fn read_release(&mut self, asked: Timestamp) -> Result<Read, End> {
        let mut headers = HeaderMap::new();
        headers.insert("brief", HeaderValue::from_static("true"));
        headers.insert(
            "require-k8s-connectivity",
            HeaderValue::from_static("false"),
        );
        let path = Source::Release.path();
        let response = self.get(path, &headers, MAX_ELEMENT as u64).await?;
        let body = self.whole_body(response).await?;
        let Some(release) = release(&body)? else {
            return Ok(Read::EMPTY);
        };
        self.send(asked, NamesContent::Release(release.into()))
            .await;
        Ok(Read::ok(1))
    }

    /// Reads a list, and sends it in portions.
    async fn read_list(&mut self, list: ApiList, asked: Timestamp) -> Result<Read, End> {
        let source = Source::List(list);
        let path = source.path();
        let response = self.get(path, &HeaderMap::new(), self.max_body).await?;
        let complete = NamesContent::Complete(list.of_names());
        if response.status == StatusCode::NOT_FOUND && source.is_empty_if_not_found() {
            self.send(asked, complete).await;
            return Ok(Read::EMPTY);
        }
        if response.status != StatusCode::OK {
            return Err(self.refusal(response).await);
        }
        let mut parser = ListParser::new(list);
        let mut interfaces = EndpointInterfaces::default();
        let result = self
            .send_portions(&mut parser, &mut interfaces, response, asked)
            .await;
        let counts = parser.counts();
        self.count_refused(source, &counts);
        result?;
        self.send(asked, complete).await;
        if list == ApiList::Endpoints {
            self.send_interfaces(interfaces, asked).await;
        }
        Ok(Read::ok(counts.entries))
    }

    /// Sends the names of the host's network interfaces, if this is the host.
    async fn send_interfaces(&self, of_endpoints: EndpointInterfaces, asked: Timestamp) {
        let directory = Arc::clone(&self.interfaces);
        let read = move || of_endpoints.read_host(&directory);
        if let Ok(Some(interfaces)) = tokio::task::spawn_blocking(read).await {
            self.send(asked, NamesContent::Interfaces(interfaces)).await;
        }
    }

    /// Sends the entries of a body as they arrive.
    async fn send_portions(
        &mut self,
        parser: &mut ListParser,
        interfaces: &mut EndpointInterfaces,
        mut response: Response,
        asked: Timestamp,
    ) -> Result<(), End> {
        while let Some(chunk) = self.wait(response.chunk()).await?? {
            self.status.received(chunk.len());
            if let Some(portion) = parser.push(&chunk)? {
                interfaces.observe(&portion);
                self.send(asked, portion).await;
            }
        }
        if let Some(portion) = parser.finish()? {
            interfaces.observe(&portion);
            self.send(asked, portion).await;
        }
        Ok(())
    }

    async fn get(
        &mut self,
        path: &str,
        headers: &HeaderMap,
        max_body: u64,
    ) -> Result<Response, End> {
        let client = Arc::clone(&self.client);
        Ok(self.wait(client.get(path, headers, max_body)).await??)
    }

    /// Reads the body of a response that has to be complete.
    async fn whole_body(&mut self, response: Response) -> Result<Vec<u8>, End> {
        if response.status != StatusCode::OK {
            return Err(self.refusal(response).await);
        }
        let body = self.wait(response.bytes()).await??;
        self.status.received(body.len());
        Ok(body)
    }

    async fn refusal(&mut self, response: Response) -> End {
        let status = response.status;
        let retry_after = response.retry_after();
        match self.wait(response.excerpt(EXCERPT)).await {
            Ok(text) => End::Failed(Failure::Status {
                status,
                retry_after,
                text,
            }),
            Err(end) => end,
        }
    }

    /// Waits for the peer. Takes requests meanwhile, and ends at one after which what is being read is
    /// out of date.
    async fn wait<T>(&mut self, future: impl Future<Output = T>) -> Result<T, End> {
        let mut future = std::pin::pin!(future);
        loop {
            let request = tokio::select! {
                biased;
                () = self.shutdown.requested() => return Err(End::Stopped),
                request = self.requests.recv() => request,
                output = &mut future => return Ok(output),
            };
            if self.take(request) {
                return Err(End::Outdated);
            }
        }
    }

    /// Takes a request; returns whether what is being read is out of date.
    fn take(&mut self, request: Request) -> bool {
        let jitter = fastrand::f64();
        self.schedule.requested(request, Instant::now(), jitter)
    }

    /// Waits until a time, until a request has arrived, or, as an error, until the receiver is to
    /// stop.
    pub(super) async fn idle(&mut self, until: Option<Instant>) -> Result<(), End> {
        let sleep = async {
            match until {
                Some(until) => tokio::time::sleep_until(until.into()).await,
                None => std::future::pending().await,
            }
        };
        let request = tokio::select! {
            biased;
            () = self.shutdown.requested() => return Err(End::Stopped),
            request = self.requests.recv() => request,
            () = sleep => return Ok(()),
        };
        self.take(request);
        Ok(())
    }

    /// Sends a record; waits while a pipeline is full. Not to be cancelled.
    async fn send(&self, asked: Timestamp, content: NamesContent) {
        let mut batch = self.out.batch();
        batch.push(Record::Names(Box::new(Names {
            source: NamesSource::CiliumApi,
            asked,
            content,
        })));
        self.out.send(batch).await;
        // The pipelines share the thread.
        tokio::task::yield_now().await;
    }

    fn count_refused(&self, source: Source, counts: &ListCounts) {
        let refused = [
            (ELEMENT_INVALID, counts.invalid),
            (ELEMENT_TOO_LARGE, counts.too_large),
        ];
        for (reason, count) in refused.into_iter().filter(|(_, count)| *count > 0) {
            self.out.dropped(reason, count);
        }
        let refused = counts.invalid + counts.too_large;
        if refused > 0 {
            self.status
                .refused(source, refused, counts.example.as_deref());
        }
    }
}
