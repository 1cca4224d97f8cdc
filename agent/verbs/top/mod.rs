//! `tidegate top`: the stages and edges of a running agent, again and again.
//!
//! On a terminal it is a screen; elsewhere, or with `--once`, the same as text.

mod activity;
mod grid;
mod screen;
mod state;
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
use crate::client::{Agent, Client, NoAnswer};
use crate::error::{Error, chain};
use crate::telemetry::Page;
use activity::Activity;
use state::State;

/// The agent is asked no more often.
const SHORTEST: Duration = Duration::from_millis(100);

/// Watch the stages and queues of a running agent
///
/// Rates are those of the time between two looks. Keys: q, Esc and Ctrl-C quit, arrows scroll, d
/// shows drops in detail, p pauses. Where standard output is no terminal, the same is printed as
/// text.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    agent: Agent,
    /// Time between two looks
    #[arg(long, value_name = "TIME", default_value = "1s")]
    interval: HumanDuration,
    /// Look twice, print, and end
    #[arg(long)]
    once: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let client = args.agent.client()?;
    let every = args.interval.0.max(SHORTEST);
    let runtime = runtime::current_thread()?;
    let ended = match args.once || !io::stdout().is_terminal() {
        true => runtime.block_on(print(&client, every, args.once)),
        false => runtime.block_on(watch(&client, every)),
    };
    // The thread that waits for keys is not waited for.
    runtime.shutdown_background();
    ended
}

async fn print(client: &Client, every: Duration, once: bool) -> Result<(), Error> {
    let mut before = client.ledger().await?;
    loop {
        sleep(every).await;
        let now = client.ledger().await?;
        let activity = Activity::between(Some(&before), now.clone());
        let gap = if once { "" } else { "\n" };
        write!(
            io::stdout(),
            "{}{gap}",
            screen::text(client.address(), &activity)
        )?;
        if once {
            return Ok(());
        }
        before = now;
    }
}

/// The terminal while it is a screen; made what it was when this is dropped, and in a panic.
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
    // An agent that is not there is told on a terminal that is still as it was.
    let mut state = State::default();
    state.hear(client.ledger().await?);
    let mut signals = [
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
        signal(SignalKind::interrupt())?,
    ];
    let mut screen = Screen::open()?;
    let (mut keys, mut news) = (keys(), poll(client.clone(), every));
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
            Some(page) = news.recv() => match page {
                Ok(page) => state.hear(page),
                Err(error) => state.trouble = Some(chain(&error)),
            },
            () = any(&mut signals) => return Ok(()),
        }
    }
}

async fn any([first, second, third]: &mut [Signal; 3]) {
    tokio::select! {
        _ = first.recv() => {}
        _ = second.recv() => {}
        _ = third.recv() => {}
    }
}

/// What comes from the terminal.
enum Input {
    Key(KeyEvent),
    /// It has another size.
    Resized,
}

/// Waits for keys on a thread, since a terminal can only be waited for so. Ends with the terminal.
fn keys() -> Receiver<Input> {
    let (sender, receiver) = channel(16);
    std::thread::spawn(move || read_keys(&sender));
    receiver
}

fn read_keys(sender: &Sender<Input>) {
    while let Ok(event) = event::read() {
        let input = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => Input::Key(key),
            Event::Resize(..) => Input::Resized,
            _ => continue,
        };
        if sender.blocking_send(input).is_err() {
            return;
        }
    }
}

/// Asks again and again, beside the keys, since an agent may take its time.
fn poll(client: Client, every: Duration) -> Receiver<Result<Page<String>, NoAnswer>> {
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
