//! `tidegate tap`: prints the records that leave a stage of a running agent.

use std::io::{self, Write as _};

use form_urlencoded::Serializer;
use hyper::StatusCode;
use tokio::signal::ctrl_c;

use super::common::quantity::grouped;
use super::common::runtime;
use crate::client::{AgentArgs, ClientError, Response};
use crate::error::Error;
use crate::telemetry::{DEFAULT_RATE, MAX_RATE, TapFormat, TapProgress};

const FILTERS: &str = "\
Filters, as those of `hubble observe`; a record must match all of them:
  verdict=DROPPED       FORWARDED, DROPPED, ERROR, AUDIT, REDIRECTED, TRACED, TRANSLATED
  type=drop             drop, trace, policy-verdict, capture, trace-sock, l7, agent, debug, lost
  protocol=udp          tcp, udp, sctp, icmp, icmpv4, icmpv6, vrrp, igmp, dns, http, kafka
  direction=ingress     ingress, egress
  ip=10.0.0.0/8         an address or a CIDR, of either side
  port=53               of either side
  identity=world        a number or a reserved name, of either side
  pod=kube-system/dns   namespace and start of the name; `/dns`: any namespace, `dns`: `default`

Examples:
  tidegate tap exporters.stdout --filter verdict=DROPPED --filter ip=10.0.0.0/8
  tidegate tap exporters.otlp --format json --count 10 | jq .flow.l4";

/// Print the records that leave a stage of a running agent
///
/// The stage is named as in the ledger, or by an unambiguous end of its name. For an exporter, the
/// records that it receives are printed. If more records match than --rate allows, a sample of them
/// is printed; standard error shows how many there were. The ledger and the stages of the agent are
/// not affected.
#[derive(Debug, clap::Args)]
#[command(after_help = FILTERS)]
pub(crate) struct Args {
    /// The stage, such as `processors.l34_flow` or `l34_flow`
    #[arg(value_name = "STAGE")]
    stage: String,
    /// Print records of this pipeline only
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// Print records that match only
    #[arg(short, long = "filter", value_name = "KEY=VALUE")]
    filters: Vec<String>,
    /// The format of the records
    #[arg(long, value_enum, default_value_t = TapFormat::Compact)]
    format: TapFormat,
    /// The largest number of records per second
    #[arg(
        long,
        value_name = "N",
        default_value_t = DEFAULT_RATE,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_RATE)),
    )]
    rate: u32,
    /// End after so many records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    #[command(flatten)]
    agent: AgentArgs,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let client = args.agent.client()?;
    runtime::current_thread()?.block_on(async {
        let response = client.get(&args.page()).await.map_err(usage_error)?;
        let mut printer = Printer::default();
        let ended = tokio::select! {
            ended = printer.print(response) => ended,
            _ = ctrl_c() => Ok(()),
        };
        printer.progress.finish();
        ended
    })
}

impl Args {
    /// The path and the query of the request.
    fn page(&self) -> String {
        let mut query = Serializer::new("/debug/tap?".to_owned());
        query.append_pair("stage", self.stage.as_str());
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

/// Turns a bad request into wrong usage, which it is: the agent checks the arguments.
fn usage_error(error: ClientError) -> Error {
    match error {
        ClientError::Refused {
            status: StatusCode::BAD_REQUEST,
            text,
        } => Error::Usage(text),
        other => other.into(),
    }
}

/// Prints records to standard output and progress to standard error.
#[derive(Default)]
struct Printer {
    /// The last line, if it is incomplete.
    rest: Vec<u8>,
    progress: ProgressReport,
}

/// The progress on standard error.
#[derive(Default)]
struct ProgressReport {
    /// Number of printed records.
    lines: u64,
    /// The last progress received.
    received: TapProgress,
    /// The last progress reported.
    reported: Option<TapProgress>,
}

impl Printer {
    async fn print(&mut self, mut response: Response) -> Result<(), Error> {
        while let Some(chunk) = response.chunk().await? {
            self.rest.extend_from_slice(&chunk);
            let complete = self
                .rest
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1);
            let lines: Vec<u8> = self.rest.drain(..complete).collect();
            self.print_lines(&lines)?;
        }
        Ok(())
    }

    fn print_lines(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            match std::str::from_utf8(line)
                .ok()
                .and_then(|line| TapProgress::parse(line.trim_end()))
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

impl ProgressReport {
    /// Takes new progress, and reports it if more records are hidden than at the last report.
    fn receive(&mut self, progress: TapProgress) {
        self.received = progress;
        let before = self.reported.map_or(0, TapProgress::hidden);
        if progress.hidden() > before {
            self.report();
        }
    }

    /// Reports the final progress, which includes lines printed since the last progress received.
    fn finish(&mut self) {
        let TapProgress { matched, seen, .. } = self.received;
        let shown = self.lines;
        self.received = TapProgress {
            shown,
            matched: matched.max(shown),
            seen: seen.max(shown),
        };
        self.report();
    }

    /// Reports the progress, unless it is unchanged.
    fn report(&mut self) {
        if self.reported.replace(self.received) != Some(self.received) {
            let TapProgress {
                shown,
                matched,
                seen,
            } = self.received;
            let unmatched = if matched == seen {
                String::new()
            } else {
                format!(" that match, {} in all", grouped(seen))
            };
            // Standard error may be closed.
            let _ = writeln!(
                io::stderr(),
                "shown {} of {}{unmatched}",
                grouped(shown),
                grouped(matched)
            );
        }
    }
}
