//! `tidegate top`: the activity of the stages and queues of a running agent.
//!
//! On a terminal it is a live screen; elsewhere, or with `--once`, the same content as text.
//!
//! In reading order: [`activity`] computes rates from two reports. [`mod@column`] is what a column
//! declares; [`stages`], [`queues`], [`counters`] and [`totals`] declare those of the tables, and
//! [`view`] chooses one. [`grid`] fits a table into a width. [`header`], [`screen`] and [`help`]
//! draw, [`state`] and [`keys`] are what keys change.

mod activity;
mod column;
mod counters;
mod grid;
mod header;
mod help;
mod keys;
mod paint;
mod poll;
mod queues;
mod screen;
mod stages;
mod state;
#[cfg(test)]
mod tests;
mod totals;
mod units;
mod view;

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use tidegate_runtime::config::HumanDuration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch as latest;
use tokio::time::{interval, sleep};

use super::common::runtime;
use crate::client::{AgentArgs, Client};
use crate::error::{Error, chain};
use crate::os::terminal;
use activity::Activity;
use poll::Input;
use state::ScreenState;

/// The shortest time between two requests.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// Time between two draws while nothing happens, so that the time without an answer counts up.
const REDRAW_INTERVAL: Duration = Duration::from_millis(500);

/// Watch the stages and queues of a running agent
///
/// Shows CPU time, memory and bytes of the agent, sums over all stages, the rates of each stage,
/// and how full its queue is. Rates are over the time since the last update. `h` shows the keys.
///
/// If standard output is not a terminal, one update is printed as text.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate top
  tidegate top --address unix:/run/tidegate/admin.sock
  tidegate top --once -c /etc/tidegate/pipeline.toml")]
pub(crate) struct Args {
    #[command(flatten, next_help_heading = "Agent")]
    agent: AgentArgs,
    /// Time between two updates
    #[arg(long, value_name = "TIME", default_value = "1s")]
    interval: HumanDuration,
    /// Print one update as text and exit
    #[arg(long)]
    once: bool,
    /// Print updates as text, one after another, until Ctrl-C
    #[arg(short, long, conflicts_with = "once")]
    batch: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let client = args.agent.client()?;
    let every = args.interval.0.max(MIN_INTERVAL);
    let runtime = runtime::current_thread()?;
    let is_screen = !args.once && !args.batch && io::stdout().is_terminal();
    let ended = match is_screen {
        true => runtime.block_on(watch(&client, every)),
        false => runtime.block_on(print(&client, every, args.batch)),
    };
    // Does not wait for the thread that reads keys.
    runtime.shutdown_background();
    ended
}

async fn print(client: &Client, every: Duration, repeatedly: bool) -> Result<(), Error> {
    let mut before = client.ledger().await?;
    loop {
        sleep(every).await;
        let now = client.ledger().await?;
        let activity = Activity::between(Some(&before), now.clone());
        let separator = if repeatedly { "\n" } else { "" };
        let text = screen::text(client.address(), &activity);
        write!(io::stdout(), "{text}{separator}")?;
        if !repeatedly {
            return Ok(());
        }
        before = now;
    }
}

/// The terminal in raw mode; dropping this restores it, and so does a panic.
struct Screen(DefaultTerminal);

impl Screen {
    fn open() -> io::Result<Self> {
        ratatui::try_init().map(Self)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

async fn watch(client: &Client, every: Duration) -> Result<(), Error> {
    // An unreachable agent is an error on the unchanged terminal.
    let mut state = ScreenState::new(every);
    state.has_colors = terminal::has_colour(&io::stdout());
    state.update(client.ledger().await?, Instant::now());
    let mut signals = [
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
        signal(SignalKind::interrupt())?,
    ];
    let mut screen = Screen::open()?;
    let mut keys = poll::keys();
    let (interval_sender, intervals) = latest::channel(every);
    let mut updates = poll::ledgers(client.clone(), intervals);
    let mut redraws = interval(REDRAW_INTERVAL);
    loop {
        screen
            .0
            .draw(|frame| screen::draw(frame, client.address(), &mut state, Instant::now()))?;
        tokio::select! {
            key = keys.recv() => match key {
                Some(Input::Key(key)) if !keys::press(&mut state, key) => return Ok(()),
                Some(_) => {}
                None => return Ok(()),
            },
            Some(page) = updates.recv() => match page {
                Ok(page) => state.update(page, Instant::now()),
                Err(error) => state.error = Some(chain(&error)),
            },
            _ = redraws.tick() => {}
            () = any_signal(&mut signals) => return Ok(()),
        }
        interval_sender.send_if_modified(|interval| {
            std::mem::replace(interval, state.interval) != state.interval
        });
    }
}

async fn any_signal([first, second, third]: &mut [Signal; 3]) {
    tokio::select! {
        _ = first.recv() => {}
        _ = second.recv() => {}
        _ = third.recv() => {}
    }
}
