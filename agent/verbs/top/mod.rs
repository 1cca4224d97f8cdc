//! `tidegate top`: the activity of the stages and queues of a running agent.
//!
//! On a terminal it is a live screen; elsewhere, or with `--once`, the same tables as text.

mod activity;
mod grid;
mod screen;
mod screen_state;
mod tables;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use tidegate_runtime::config::HumanDuration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::common::runtime;
use crate::client::{AgentArgs, Client, ClientError};
use crate::error::{Error, chain};
use crate::telemetry::LedgerPage;
use activity::Activity;
use screen_state::ScreenState;

/// The shortest time between two requests.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// Watch the stages and queues of a running agent
///
/// Shows the rates of each stage, the fill of each queue, and the time that senders were blocked.
/// Rates are over the time since the last update. Keys: q, Esc and Ctrl-C quit, arrows scroll, d
/// shows drops in detail, p pauses. If standard output is not a terminal, the tables are printed as
/// text.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    agent: AgentArgs,
    /// Time between two updates
    #[arg(long, value_name = "TIME", default_value = "1s")]
    interval: HumanDuration,
    /// Print one update and exit
    #[arg(long)]
    once: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let client = args.agent.client()?;
    let every = args.interval.0.max(MIN_INTERVAL);
    let runtime = runtime::current_thread()?;
    let ended = match args.once || !io::stdout().is_terminal() {
        true => runtime.block_on(print(&client, every, args.once)),
        false => runtime.block_on(watch(&client, every)),
    };
    // Does not wait for the thread that reads keys.
    runtime.shutdown_background();
    ended
}

async fn print(client: &Client, every: Duration, once: bool) -> Result<(), Error> {
    let mut before = client.ledger().await?;
    loop {
        sleep(every).await;
        let now = client.ledger().await?;
        let activity = Activity::between(Some(&before), now.clone());
        let separator = if once { "" } else { "\n" };
        write!(
            io::stdout(),
            "{}{separator}",
            screen::text(client.address(), &activity)
        )?;
        if once {
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
    let mut state = ScreenState::default();
    state.update(client.ledger().await?);
    let mut signals = [
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
        signal(SignalKind::interrupt())?,
    ];
    let mut screen = Screen::open()?;
    let mut keys = keys();
    let mut updates = poll(client.clone(), every);
    loop {
        screen
            .0
            .draw(|frame| screen::draw(frame, client.address(), &mut state))?;
        tokio::select! {
            key = keys.recv() => match key {
                Some(Input::Key(key)) if !state.press(key) => return Ok(()),
                Some(_) => {}
                None => return Ok(()),
            },
            Some(page) = updates.recv() => match page {
                Ok(page) => state.update(page),
                Err(error) => state.error = Some(chain(&error)),
            },
            () = any_signal(&mut signals) => return Ok(()),
        }
    }
}

async fn any_signal([first, second, third]: &mut [Signal; 3]) {
    tokio::select! {
        _ = first.recv() => {}
        _ = second.recv() => {}
        _ = third.recv() => {}
    }
}

/// An event of the terminal.
enum Input {
    Key(KeyEvent),
    Resize,
}

/// Reads keys on a thread, since reading a terminal blocks. Ends with the terminal.
fn keys() -> Receiver<Input> {
    let (sender, receiver) = channel(16);
    std::thread::spawn(move || read_keys(&sender));
    receiver
}

fn read_keys(sender: &Sender<Input>) {
    while let Ok(event) = event::read() {
        let input = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => Input::Key(key),
            Event::Resize(..) => Input::Resize,
            _ => continue,
        };
        if sender.blocking_send(input).is_err() {
            return;
        }
    }
}

/// Requests the ledger at intervals, in a task of its own, so that keys work while the agent is
/// slow.
fn poll(client: Client, every: Duration) -> Receiver<Result<LedgerPage<String>, ClientError>> {
    let (sender, receiver) = channel(1);
    tokio::spawn(async move {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            if sender.send(client.ledger().await).await.is_err() {
                return;
            }
        }
    });
    receiver
}
