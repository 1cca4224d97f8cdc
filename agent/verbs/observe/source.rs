//! Where records come from: a recording, the monitor socket, or a running agent.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use clap::ValueHint;
use clap_complete::engine::ArgValueCompleter;

use super::local::LocalSource;
use crate::client::{AgentArgs, Client, ClientError};
use crate::error::{Error, chain};
use crate::verbs::common::cilium_socket::{api_socket, default_socket};
use crate::verbs::common::runtime;
use crate::verbs::completions;

/// The arguments.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Source")]
pub(super) struct SourceArgs {
    /// Read a recording of the monitor socket, as `tidegate record` makes it; `-` is standard input
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        conflicts_with_all = ["socket", "address", "config"],
    )]
    input_file: Option<PathBuf>,
    /// Read the Cilium agent's monitor socket [default: the variable CILIUM_MONITOR_SOCK, or
    /// /var/run/cilium/monitor1_2.sock, if no agent of tidegate answers]
    #[arg(
        long,
        value_name = "SOCKET",
        value_hint = ValueHint::FilePath,
        num_args = 0..=1,
        conflicts_with_all = ["address", "config"],
    )]
    socket: Option<Option<PathBuf>>,
    /// Read names from this socket of the Cilium agent's API beside the monitor socket [default: the
    /// variable CILIUM_SOCK, or cilium.sock beside the monitor socket, if it exists]
    #[arg(
        long,
        value_name = "SOCKET",
        value_hint = ValueHint::FilePath,
        conflicts_with_all = ["input_file", "address", "config", "no_api"],
    )]
    api_socket: Option<PathBuf>,
    /// Read no names from the Cilium agent's API
    #[arg(long)]
    no_api: bool,
    /// Observe this pipeline of the agent; needed if it has several
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["input_file", "socket"],
        add = ArgValueCompleter::new(completions::pipelines),
    )]
    pub(super) pipeline: Option<String>,
    #[command(flatten)]
    agent: AgentArgs,
    /// Print nothing but errors to standard error
    #[arg(short, long, help_heading = "Formatting")]
    pub(super) silent_errors: bool,
}

/// A source that can be observed.
pub(super) enum Source {
    Local(LocalSource),
    Agent(Client),
}

impl SourceArgs {
    /// Whether the source is a recording.
    pub(super) fn is_recording(&self) -> bool {
        self.input_file.is_some()
    }

    /// What a live source is called in messages.
    pub(super) fn live_name(&self) -> &'static str {
        match &self.socket {
            Some(_) => "the monitor socket",
            None => "an agent",
        }
    }

    /// Opens the source. Without an argument, it is the agent that answers at the default address or,
    /// if none does, the monitor socket.
    pub(super) fn open(&self) -> Result<Source, Error> {
        if let Some(file) = &self.input_file {
            return Ok(Source::Local(LocalSource::File(file.clone())));
        }
        if let Some(path) = &self.socket {
            let path = path.clone().unwrap_or_else(default_socket);
            let stream = connect(&path).map_err(Error::failed)?;
            return self.live(path, stream);
        }
        let client = self.agent.client()?;
        if self.agent.is_named() {
            return Ok(Source::Agent(client));
        }
        let runtime = runtime::current_thread()?;
        let Err(error) = runtime.block_on(client.ledger()) else {
            self.announce(&format!("the agent at {}", client.address()));
            return Ok(Source::Agent(client));
        };
        if is_refusal(&error) {
            return Err(error.into());
        }
        let path = default_socket();
        let stream =
            connect(&path).map_err(|socket| nothing_found(client.address(), &error, &socket))?;
        self.announce(&format!("the monitor socket {}", path.display()));
        self.live(path, stream)
    }

    /// A connection to the monitor socket, with the API beside it. A socket of the API that an
    /// argument names has to be there.
    fn live(&self, monitor: PathBuf, stream: UnixStream) -> Result<Source, Error> {
        let api = match (&self.api_socket, self.no_api) {
            (_, true) => None,
            (Some(socket), _) => {
                UnixStream::connect(socket).map_err(|error| no_names(socket, &error))?;
                Some(socket.clone())
            }
            (None, _) => Some(api_socket(&monitor)).filter(|socket| socket.exists()),
        };
        Ok(Source::Local(LocalSource::Socket {
            monitor,
            stream,
            api,
        }))
    }

    /// Prints which source was chosen to standard error, which may be closed.
    fn announce(&self, source: &str) {
        if !self.silent_errors {
            let _ = writeln!(io::stderr(), "observing {source}");
        }
    }
}

fn no_names(socket: &Path, error: &io::Error) -> Error {
    Error::failed(format!(
        "cannot connect to the API socket {}: {error}; --no-api observes without its names",
        socket.display()
    ))
}

fn connect(path: &Path) -> Result<UnixStream, String> {
    UnixStream::connect(path).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => "; it belongs to root, so try sudo",
            io::ErrorKind::NotFound => "; does the Cilium agent run on this host?",
            _ => "",
        };
        format!(
            "cannot connect to the monitor socket {}: {error}{hint}",
            path.display()
        )
    })
}

/// Whether an agent refused the request: credentials would help, and another source would surprise.
fn is_refusal(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::NoToken { .. }
            | ClientError::WrongToken { .. }
            | ClientError::Forbidden { .. }
    )
}

fn nothing_found(address: &str, agent: &ClientError, socket: &str) -> Error {
    let refused = std::error::Error::source(agent).map_or_else(|| agent.to_string(), chain);
    Error::failed(format!(
        "there is nothing to observe: no agent of tidegate answers at {address} ({refused}), and \
         {socket}\nname a source: --address HOST:PORT, --socket SOCKET, or --input-file RECORDING"
    ))
}
