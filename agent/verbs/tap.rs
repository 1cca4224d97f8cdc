//! `tidegate tap`: records of a running agent as they leave a stage.

use std::io::{self, Write as _};

use form_urlencoded::Serializer;
use hyper::StatusCode;
use tokio::signal::ctrl_c;

use super::common::quantity::grouped;
use super::common::runtime;
use crate::client::Agent;
use crate::client::{Answer, NoAnswer};
use crate::error::Error;
use crate::telemetry::{DEFAULT_RATE, Form, MAX_RATE, Progress};

const FILTERS: &str = "\
Filters, as `hubble observe` has them; several have to match all:
  verdict=DROPPED       FORWARDED, DROPPED, ERROR, AUDIT, REDIRECTED, TRACED, TRANSLATED
  type=drop             drop, trace, policy-verdict, capture, trace-sock, l7, agent, debug, lost
  protocol=udp          tcp, udp, sctp, icmp, icmpv4, icmpv6, vrrp, igmp, dns, http, kafka
  direction=ingress     ingress, egress
  ip=10.0.0.0/8         an address or a CIDR, of either side
  port=53               of either side
  identity=world        a number or a reserved name, of either side
  pod=kube-system/dns   namespace and beginning of the name; `/dns` in any namespace, `dns` in `default`

Examples:
  tidegate tap exporters.stdout --filter verdict=DROPPED --filter ip=10.0.0.0/8
  tidegate tap exporters.otlp --format json --count 10 | jq .flow.l4";

/// Show records of a running agent as they leave a stage
///
/// The stage is named as in the ledger, or by the end of its name where that is one stage only. Of
/// an exporter, which hands nothing on, what it is offered is shown. Where more records match than
/// are to be shown, it is a sample of them; how many there were is written to standard error. The
/// agent's ledger and its stages are not affected.
#[derive(Debug, clap::Args)]
#[command(after_help = FILTERS)]
pub(crate) struct Args {
    /// The stage, such as `processors.l34_flow` or `l34_flow`
    #[arg(value_name = "STAGE")]
    stage: String,
    /// Only in this pipeline
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// Only records that match: `key=value`
    #[arg(short, long = "filter", value_name = "KEY=VALUE")]
    filters: Vec<String>,
    /// How records are written
    #[arg(long, value_enum, default_value_t = Form::Compact)]
    format: Form,
    /// Records a second at most
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RATE, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_RATE)))]
    rate: u32,
    /// End after so many records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    #[command(flatten)]
    agent: Agent,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let client = args.agent.client()?;
    runtime::current_thread()?.block_on(async {
        let answer = client.open(&args.page()).await.map_err(refusal)?;
        let mut screen = Screen::default();
        let ended = tokio::select! {
            ended = screen.show(answer) => ended,
            _ = ctrl_c() => Ok(()),
        };
        screen.progress.end();
        ended
    })
}

impl Args {
    /// The page to ask for.
    fn page(&self) -> String {
        let mut query = Serializer::new("/debug/tap?".to_owned());
        query.append_pair("stage", &self.stage);
        query.append_pair("format", self.format.name());
        query.append_pair("rate", &self.rate.to_string());
        let count = self.count.map(|count| count.to_string());
        let optional = [
            ("pipeline", self.pipeline.as_ref()),
            ("count", count.as_ref()),
        ];
        query.extend_pairs(
            optional
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?))),
        );
        query.extend_pairs(self.filters.iter().map(|filter| ("filter", filter)));
        query.finish()
    }
}

/// What the agent does not understand is for the user to change.
fn refusal(error: NoAnswer) -> Error {
    match error {
        NoAnswer::Refused {
            status: StatusCode::BAD_REQUEST,
            text,
        } => Error::Usage(text),
        other => other.into(),
    }
}

/// Sorts what comes into records and progress.
#[derive(Default)]
struct Screen {
    /// The beginning of a line whose end is still to come.
    rest: Vec<u8>,
    progress: Shown,
}

/// The progress as it was last received, and as it was last shown.
#[derive(Default)]
struct Shown {
    /// Records that were printed.
    lines: u64,
    last: Progress,
    shown: Option<Progress>,
}

impl Screen {
    async fn show(&mut self, mut answer: Answer) -> Result<(), Error> {
        while let Some(piece) = answer.piece().await? {
            self.rest.extend_from_slice(&piece);
            let whole = self
                .rest
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1);
            let lines: Vec<u8> = self.rest.drain(..whole).collect();
            self.print(&lines)?;
        }
        Ok(())
    }

    fn print(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            match std::str::from_utf8(line)
                .ok()
                .and_then(|line| Progress::read(line.trim_end()))
            {
                Some(progress) => self.progress.receive(progress),
                None => {
                    out.write_all(line)?;
                    self.progress.lines += 1;
                }
            }
        }
        out.flush()
    }
}

impl Shown {
    /// Takes it in, and shows it where more is hidden than was shown before.
    fn receive(&mut self, progress: Progress) {
        self.last = progress;
        let before = self.shown.map_or(0, Progress::hidden);
        if progress.hidden() > before {
            self.show();
        }
    }

    /// Shows it as of the last line that was printed, which may be newer than what was received.
    fn end(&mut self) {
        let Progress { matched, seen, .. } = self.last;
        let shown = self.lines;
        self.last = Progress {
            shown,
            matched: matched.max(shown),
            seen: seen.max(shown),
        };
        self.show();
    }

    /// Shows what was received last, unless that is shown already.
    fn show(&mut self) {
        if self.shown.replace(self.last) != Some(self.last) {
            let Progress {
                shown,
                matched,
                seen,
            } = self.last;
            let filtered = if matched == seen {
                String::new()
            } else {
                format!(" that match, {} in all", grouped(seen))
            };
            // There is no other place for it where standard error is closed.
            let _ = writeln!(
                io::stderr(),
                "shown {} of {}{filtered}",
                grouped(shown),
                grouped(matched)
            );
        }
    }
}
