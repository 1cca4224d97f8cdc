//! `tidegate ledger`: prints the ledger of a running agent.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use tidegate_runtime::config::HumanDuration;

use super::common::runtime;
use crate::client::AgentArgs;
use crate::error::Error;
use crate::telemetry::LedgerPage;

/// The escape sequence that clears a terminal.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Print the ledger of a running agent
///
/// Prints the table that `run` prints at its end, as of now: for each stage, how many records it
/// received, and what happened to them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate ledger --watch
  tidegate ledger --json | jq .stages")]
pub(crate) struct Args {
    #[command(flatten, next_help_heading = "Agent")]
    agent: AgentArgs,
    /// Print the ledger as JSON
    #[arg(long)]
    json: bool,
    /// Print the ledger repeatedly
    #[arg(long)]
    watch: bool,
    /// Time between two prints
    #[arg(long, value_name = "TIME", default_value = "1s", requires = "watch")]
    interval: HumanDuration,
    /// Exit with 1 if the ledger does not balance, or if records are unaccounted for
    #[arg(long)]
    strict: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let client = args.agent.client()?;
    let clear = args.watch && !args.json && io::stdout().is_terminal();
    runtime::current_thread()?.block_on(async {
        loop {
            let text = client.ledger_text().await?;
            let page = client.parse_ledger(&text)?;
            print(args, if clear { CLEAR } else { "" }, &text, &page)?;
            if args.strict {
                check_balance(&page)?;
            }
            if !args.watch {
                return Ok(());
            }
            tokio::time::sleep(args.interval.0.max(Duration::from_millis(100))).await;
        }
    })
}

fn print(args: &Args, prefix: &str, text: &str, page: &LedgerPage<String>) -> io::Result<()> {
    let separator = if args.watch { "\n" } else { "" };
    match args.json {
        true => write!(io::stdout(), "{text}"),
        false => writeln!(io::stdout(), "{prefix}{}{separator}", page.report),
    }
}

fn check_balance(page: &LedgerPage<String>) -> Result<(), Error> {
    match page.report.balanced && page.report.unaccounted == 0 {
        true => Ok(()),
        false => Err(Error::failed("the ledger does not balance")),
    }
}
