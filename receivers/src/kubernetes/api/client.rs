//! The client of the API server. Every request reads the files of credentials again, so that rotated
//! tokens and certificates are used without a restart.

use std::sync::Arc;
use std::time::Duration;

use tidegate_runtime::telemetry::Counter;

use super::failure::{Failure, Refusal};
use super::status::Status;
use crate::http::header::{ACCEPT, AUTHORIZATION};
use crate::http::{
    Bytes, Client, HeaderMap, HeaderValue, HttpError, Response, StatusCode, Timeouts,
};
use crate::kubernetes::access::{Access, AccessError, AccessSource};

/// The largest description of a failure that is read.
const MAX_STATUS: usize = 16 << 10;

/// Objects as a whole.
const WHOLE: &str = "application/json";
/// Metadata only; servers that cannot send that send whole objects.
const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
/// The same for the objects of a watch.
const METADATA: &str =
    "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";

/// The API server, as one receiver uses it; clones share it.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct Api {
    source: Arc<AccessSource>,
    request_timeout: Duration,
    bytes: Counter,
}

/// A body with the answer to a request that was accepted.
pub(in crate::kubernetes) struct Answer {
    response: Response,
    bytes: Counter,
}

impl Api {
    pub(in crate::kubernetes) fn new(
        source: AccessSource,
        request_timeout: Duration,
        bytes: Counter,
    ) -> Self {
        Self {
            source: Arc::new(source),
            request_timeout,
            bytes,
        }
    }

    /// Requests a page of a list, which has at most `max_bytes`.
    pub(in crate::kubernetes) async fn list(
        &self,
        path: &str,
        is_metadata: bool,
        max_bytes: u64,
    ) -> Result<Answer, Failure> {
        let accept = if is_metadata { METADATA_LIST } else { WHOLE };
        let timeouts = Timeouts::of(self.request_timeout);
        self.get(path, accept, timeouts, max_bytes).await
    }

    /// Requests a watch. It fails if nothing arrives within `silence`.
    pub(in crate::kubernetes) async fn watch(
        &self,
        path: &str,
        is_metadata: bool,
        silence: Duration,
    ) -> Result<Answer, Failure> {
        let accept = if is_metadata { METADATA } else { WHOLE };
        let timeouts = Timeouts {
            progress: silence,
            body: Duration::MAX,
            ..Timeouts::of(self.request_timeout)
        };
        self.get(path, accept, timeouts, u64::MAX).await
    }

    async fn get(
        &self,
        path: &str,
        accept: &'static str,
        timeouts: Timeouts,
        max_bytes: u64,
    ) -> Result<Answer, Failure> {
        let access = self.access().await?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        if let Some(token) = access.token {
            headers.insert(AUTHORIZATION, token);
        }
        let client = Client {
            target: access.target,
            timeouts,
        };
        let path = format!("{}{path}", access.prefix);
        let response = client.get(&path, &headers, max_bytes).await?;
        if response.status == StatusCode::OK {
            let bytes = self.bytes.clone();
            return Ok(Answer { response, bytes });
        }
        Err(Failure::Refused(refusal(response).await))
    }

    /// Reads the files of credentials, which may block.
    async fn access(&self) -> Result<Access, AccessError> {
        let source = Arc::clone(&self.source);
        let read = tokio::task::spawn_blocking(move || source.read()).await;
        read.unwrap_or(Err(AccessError::Interrupted))
    }
}

impl Answer {
    /// The next piece; `None` at the end.
    pub(in crate::kubernetes) async fn piece(&mut self) -> Result<Option<Bytes>, HttpError> {
        let piece = self.response.chunk().await?;
        if let Some(piece) = &piece {
            self.bytes.add(piece.len() as u64);
        }
        Ok(piece)
    }
}

async fn refusal(response: Response) -> Refusal {
    let code = response.status.as_u16();
    let retry_after = response.retry_after();
    let text = response.excerpt(MAX_STATUS).await;
    // A proxy in front of the server describes itself in another way.
    let status = serde_json::from_str(&text).unwrap_or_else(|_| Status::with_message(text));
    Refusal::new(code, status, retry_after)
}
