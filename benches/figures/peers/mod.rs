//! The same log records from other programs: as prost messages through tonic, and through the
//! OpenTelemetry SDK's own exporter. Each runs in a child process, which reads requests that the agent
//! has sent before it is measured. So neither pays for what the agent does before it exports a
//! flow, nor for the texts and numbers of attributes.

mod messages;
mod sdk;

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message as _;
use tokio::runtime::Builder;

use crate::agent::{self, Cost};
use crate::sink::Received;

/// Makes this program a peer.
const PEER_FLAG: &str = "--peer";

/// A peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Messages that prost has generated, in a tree for each record, sent with tonic.
    Messages,
    /// `opentelemetry-otlp` over gRPC.
    Sdk,
}

/// What a peer is to do.
#[derive(Clone)]
pub(crate) struct Task {
    pub(crate) peer: Peer,
    pub(crate) endpoint: SocketAddr,
    /// As in the configuration of `otlp`.
    pub(crate) compression: &'static str,
}

/// The records that peers send.
pub(crate) struct PeerInput {
    /// Encoded requests, each after its length.
    file: PathBuf,
    /// How many records to send. The requests are repeated.
    records: u64,
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Sdk => "sdk",
        }
    }
}

impl PeerInput {
    /// Writes the first requests of the agent to a file.
    pub(crate) fn write(folder: &Path, received: &Received) -> Result<Self, Box<dyn Error>> {
        let file = folder.join("requests");
        let requests = received.first_requests.lock().expect("no thread panics");
        fs::write(&file, requests.concat())?;
        Ok(Self {
            file,
            records: received.records.get(),
        })
    }

    /// Runs a peer, and returns the cost of sending all records.
    pub(crate) fn run(&self, task: &Task) -> Result<Cost, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args([PEER_FLAG, task.peer.name(), task.compression])
            .arg(format!("http://{}", task.endpoint))
            .arg(&self.file)
            .arg(self.records.to_string());
        agent::cost_of(&mut command)
    }
}

/// Runs as a peer if the arguments say so, and prints the cost. Returns whether they do.
pub(crate) fn run_if_peer(args: &[String]) -> Result<bool, Box<dyn Error>> {
    let [flag, peer, compression, endpoint, file, records] = args else {
        return Ok(false);
    };
    if flag != PEER_FLAG {
        return Ok(false);
    }
    let requests = read(Path::new(file))?;
    let records: u64 = records.parse()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let before = agent::cpu_seconds(&getrusage(UsageWho::RUSAGE_SELF)?);
    runtime.block_on(async {
        if *peer == Peer::Sdk.name() {
            sdk::send(&requests, records, endpoint, compression).await
        } else {
            messages::send(&requests, records, endpoint, compression).await
        }
    })?;
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    agent::print_cost(agent::cpu_seconds(&usage) - before, &usage);
    Ok(true)
}

fn read(file: &Path) -> Result<Vec<ExportLogsServiceRequest>, Box<dyn Error>> {
    let bytes = fs::read(file)?;
    let mut rest = &bytes[..];
    let mut requests = Vec::new();
    while !rest.is_empty() {
        requests.push(ExportLogsServiceRequest::decode_length_delimited(
            &mut rest,
        )?);
    }
    Ok(requests)
}

/// Returns the number of records in a request.
fn count(request: &ExportLogsServiceRequest) -> u64 {
    let scopes = request.resource_logs.iter().flat_map(|one| &one.scope_logs);
    scopes.map(|scope| scope.log_records.len() as u64).sum()
}
