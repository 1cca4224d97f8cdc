//! `tidegate simulate`: generates a stream of monitor events, to a file or on a socket.

mod args;

pub(crate) use args::{Args, rate};

use std::io::{self, BufWriter, Write};

use tidegate_runtime::shutdown::Shutdown;
use tidegate_simulate::{Api, Options, Stream, Summary};
use tidegate_wire::event::message_type;
use tidegate_wire::recording;
use tracing::Level;

use super::common::output_file::{self, OutputError, Overwrite};
use super::common::runtime;
use crate::error::Error;
use crate::log;
use crate::monitor_server::{self, BoundSocket, Frames, Pace, api};
use crate::os::signals;

/// The default number of events in a file.
const DEFAULT_EVENTS: u64 = 100_000;

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let options = args.options();
    match (&args.target.out, &args.target.listen) {
        (Some(path), _) if path.as_os_str() == "-" => {
            Ok(write(args, options, io::stdout().lock())?)
        }
        (Some(path), _) => {
            // The same options make the same recording again.
            let overwrite = match args.force {
                true => Overwrite::Anything,
                false => Overwrite::Recordings,
            };
            let file = output_file::create(path, overwrite)?;
            write(args, options, file).map_err(|source| OutputError::write(path, source).into())
        }
        (None, Some(path)) => {
            log::init_default();
            let runtime = runtime::multi_thread()?;
            runtime.block_on(listen(args, options, path))
        }
        (None, None) => Err(Error::Usage(
            "no target is given: use --out FILE or --listen SOCKET".to_owned(),
        )),
    }
}

/// Writes a recording and prints a summary.
fn write(args: &Args, options: Options, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    out.write_all(&recording::header())?;
    let mut stream = Stream::new(options);
    let mut frame = Vec::new();
    for _ in 0..args.events.unwrap_or(DEFAULT_EVENTS) {
        frame.clear();
        stream.next_frame(&mut frame);
        out.write_all(&frame)?;
    }
    out.flush()?;
    log::print(Level::INFO, &summary_text(stream.summary()));
    Ok(())
}

async fn listen(args: &Args, options: Options, path: &std::path::Path) -> Result<(), Error> {
    let shutdown = Shutdown::new();
    signals::shutdown_on_signals(&shutdown)?;
    let socket = BoundSocket::bind(path)?;
    if let Some(path) = &args.api_socket {
        let socket = BoundSocket::bind(path)?;
        let server = api::Server::new(Api::new(&options));
        tokio::spawn(api::serve(socket, server, shutdown.clone()));
    }
    tracing::info!(socket = %path.display(), seed = args.seed, "simulating a Cilium agent");
    let frames = || Ok(Simulated::new(options.clone(), args.events));
    let pace = Pace {
        rate: args.rate,
        burst: 0,
        coalesce: args
            .coalesce
            .map_or(0, tidegate_runtime::config::ByteSize::get),
    };
    Ok(monitor_server::serve(socket, frames, pace, args.once, shutdown).await?)
}

/// A simulated stream with an optional end.
pub(crate) struct Simulated {
    stream: Stream,
    remaining: Option<u64>,
}

impl Simulated {
    /// A stream of this number of events, or without an end.
    pub(crate) fn new(options: Options, events: Option<u64>) -> Self {
        Self {
            stream: Stream::new(options),
            remaining: events,
        }
    }
}

impl Frames for Simulated {
    fn next_frame(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        match &mut self.remaining {
            Some(0) => return Ok(false),
            Some(remaining) => *remaining -= 1,
            None => {}
        }
        self.stream.next_frame(out);
        Ok(true)
    }
}

fn summary_text(summary: &Summary) -> String {
    let name = |kind: u8| match kind {
        message_type::DROP => "drop",
        message_type::DEBUG => "debug",
        message_type::CAPTURE => "capture",
        message_type::TRACE => "trace",
        message_type::POLICY_VERDICT => "policy-verdict",
        message_type::RECORDER => "recorder",
        message_type::TRACE_SOCK => "trace-sock",
        message_type::ACCESS_LOG => "l7",
        message_type::AGENT => "agent",
        _ => "unknown",
    };
    let events: Vec<_> = summary
        .events
        .iter()
        .map(|(kind, n)| format!("{} {n}", name(*kind)))
        .collect();
    format!(
        "{} frames: {}, lost {} in {} reports",
        summary.frames,
        events.join(", "),
        summary.lost,
        summary.loss_reports
    )
}
