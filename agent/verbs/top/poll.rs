//! The tasks that feed the screen: answers of the agent, and keys.

use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::client::{Client, ClientError};
use crate::telemetry::LedgerPage;

/// An event of the terminal.
pub(super) enum Input {
    Key(KeyEvent),
    Resize,
}

/// Reads keys on a thread, since reading a terminal blocks. Ends with the terminal.
pub(super) fn keys() -> Receiver<Input> {
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

/// Requests the ledger at the interval that `every` has, in a task of its own, so that keys work
/// while the agent is slow.
pub(super) fn ledgers(
    client: Client,
    mut every: watch::Receiver<Duration>,
) -> Receiver<Result<LedgerPage<String>, ClientError>> {
    let (sender, receiver) = channel(1);
    tokio::spawn(async move {
        loop {
            let interval = *every.borrow_and_update();
            tokio::select! {
                () = sleep(interval) => {}
                changed = every.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
            }
            if sender.send(client.ledger().await).await.is_err() {
                return;
            }
        }
    });
    receiver
}
