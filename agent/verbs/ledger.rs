//! `tidegate ledger`: where every record of a running agent went.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use tidegate_runtime::config::HumanDuration;

use super::common::runtime;
use crate::client::Agent;
use crate::error::Error;
use crate::telemetry::Page;

/// Clears a terminal, and begins in its corner.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Show where every record of a running agent went
///
/// Prints the table that `run` prints at its end, of this moment.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    agent: Agent,
    /// Print the agent's JSON as it is
    #[arg(long)]
    json: bool,
    /// Print it again and again
    #[arg(long)]
    watch: bool,
    /// Time from one to the next
    #[arg(long, value_name = "TIME", default_value = "1s", requires = "watch")]
    interval: HumanDuration,
    /// Exit with 1 if the books do not balance, or if a record is unaccounted
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
            let page = client.read(&text)?;
            print(args, if clear { CLEAR } else { "" }, &text, &page)?;
            if args.strict {
                settled(&page)?;
            }
            if !args.watch {
                return Ok(());
            }
            tokio::time::sleep(args.interval.0.max(Duration::from_millis(100))).await;
        }
    })
}

fn print(args: &Args, before: &str, text: &str, page: &Page<String>) -> io::Result<()> {
    let gap = if args.watch { "\n" } else { "" };
    match args.json {
        true => write!(io::stdout(), "{text}"),
        false => writeln!(io::stdout(), "{before}{}{gap}", page.report),
    }
}

fn settled(page: &Page<String>) -> Result<(), Error> {
    match page.report.balanced && page.report.unaccounted == 0 {
        true => Ok(()),
        false => Err(Error::failed("the ledger has a remainder")),
    }
}
