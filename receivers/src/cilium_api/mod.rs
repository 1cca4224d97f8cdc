//! Reads the Cilium agent's REST API, `cilium.sock` (Cilium 1.12 to 1.20), and sends what it lists as
//! records of names.
//!
//! The monitor socket announces only changes. This receiver waits until it is connected
//! ([`Request::StreamStarted`](tidegate_runtime::requests::Request)), and then reads what exists:
//! what is announced meanwhile is newer than a list, and marked so by the time at which the list was
//! requested. Lists are read as they arrive, one element at a time, and sent in portions; the
//! receiver waits for a full pipeline, and no pipeline waits for the receiver.
//!
//! [`schedule`] decides what is read when, [`reading`] makes a request, [`lists`] are the shapes of
//! the answers, [`interfaces`] are the host's, [`failure`] is what can go wrong and what follows from it, [`status`] reports it.

mod config;
mod failure;
mod interfaces;
mod lists;
mod reading;
mod schedule;
mod source;
mod status;

pub use config::{ApiList, Config, Retry};
pub use lists::{ListCounts, ListParser, MAX_ELEMENT};

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use serde::Deserialize;
use tidegate_model::record::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, Outcomes, Reasons, ReceiverConfig, ReceiverKind,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::requests::{RequestKind, RequestReader};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};

use crate::http::{Client, Target, Timeouts};
use reading::{End, Session};
use schedule::{Schedule, Step};
use source::{Read, Source};
use status::ApiStatus;

/// An element of a list whose JSON is not what was expected.
const ELEMENT_INVALID: &str = "names_element_invalid";
/// An element of a list that is longer than 1 MiB.
const ELEMENT_TOO_LARGE: &str = "names_element_too_large";

/// The kind.
pub const KIND: ReceiverKind = ReceiverKind {
    name: "cilium_api",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: &[Reasons::input(&[ELEMENT_INVALID, ELEMENT_TOO_LARGE])],
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

impl ReceiverConfig for Config {
    fn produces(&self) -> Kinds {
        Kinds::of(&[Kind::Names])
    }

    /// The agent keeps what it lists.
    fn can_wait(&self) -> bool {
        true
    }

    fn takes_requests(&self) -> &'static [RequestKind] {
        &RequestKind::ALL
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Receiver>, BuildError> {
        self.check()?;
        Ok(Box::new(CiliumApi {
            config: self.clone(),
            context: context.clone(),
            requests: context.requests.reader(),
        }))
    }
}

/// Builds a receiver for the socket at this path, with defaults for all else.
pub(crate) fn of_socket(socket: &Path, context: &BuildContext) -> Box<dyn Receiver> {
    Box::new(CiliumApi {
        config: Config {
            socket: socket.to_owned(),
            ..Config::default()
        },
        context: context.clone(),
        requests: context.requests.reader(),
    })
}

#[derive(Debug)]
struct CiliumApi {
    config: Config,
    context: BuildContext,
    requests: RequestReader,
}

#[async_trait]
impl Receiver for CiliumApi {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        let Self {
            config,
            context,
            requests,
        } = *self;
        let target = Target::Unix(config.socket.clone());
        let session = Session {
            schedule: Schedule::new(&config, Instant::now()),
            status: ApiStatus::new(&context, target.to_string()),
            client: Arc::new(Client {
                target,
                timeouts: Timeouts::of(config.timeout.get()),
            }),
            max_body: config.max_body.get() as u64,
            interfaces: config.interfaces.into(),
            requests,
            shutdown,
            out,
        };
        follow(session).await;
        Ok(())
    }

    fn is_auxiliary(&self) -> bool {
        true
    }
}

/// What was read since nothing was due.
#[derive(Debug)]
struct Pass {
    began: Instant,
    lists: usize,
    entries: u64,
}

impl Pass {
    fn begin() -> Self {
        Self {
            began: Instant::now(),
            lists: 0,
            entries: 0,
        }
    }

    fn add(&mut self, read: Read) {
        self.lists += 1;
        self.entries += read.entries;
    }
}

/// Reads what is due, until the receiver is to stop.
async fn follow(mut session: Session) {
    let mut pass = None;
    loop {
        let (source, result) = match session.schedule.next(Instant::now()) {
            Step::Wait(until) => {
                report_pass(&mut session, pass.take());
                match session.idle(until).await {
                    Ok(()) => continue,
                    Err(_) => break,
                }
            }
            Step::Read(source) => {
                pass.get_or_insert_with(Pass::begin);
                session.schedule.began(source);
                (source, session.read(source).await)
            }
            Step::ReadIdentity(identity) => {
                (Source::Identity, session.read_identity(identity).await)
            }
            Step::ReadEndpoint(endpoint) => {
                session.schedule.began(Source::Endpoint);
                (Source::Endpoint, session.read_endpoint(endpoint).await)
            }
        };
        if let (Source::List(_), Ok(read), Some(pass)) = (source, &result, &mut pass) {
            pass.add(*read);
        }
        if settle(&mut session, source, result).is_break() {
            break;
        }
    }
    session.status.ended();
}

/// Reports what was read when nothing is due.
fn report_pass(session: &mut Session, pass: Option<Pass>) {
    if session.schedule.forget_identity_failures(Instant::now()) {
        session.status.not_wanted(Source::Identity);
    }
    if let Some(Pass {
        began,
        lists: 1..,
        entries,
    }) = pass
    {
        session.status.passed(entries, began.elapsed());
    }
}

/// Enters what became of a request.
fn settle(session: &mut Session, source: Source, result: Result<Read, End>) -> ControlFlow<()> {
    let now = Instant::now();
    let jitter = fastrand::f64();
    match result {
        Ok(read) => {
            session.schedule.succeeded(source, now, jitter);
            session.status.succeeded(source, read);
        }
        Err(End::Failed(failure)) => {
            session
                .schedule
                .failed(source, failure.remedy(), now, jitter);
            session.status.failed(source, &failure);
        }
        Err(End::Outdated) => session.status.interrupted(source),
        Err(End::Stopped) => return ControlFlow::Break(()),
    }
    ControlFlow::Continue(())
}
