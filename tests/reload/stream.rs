//! A fake Cilium agent that sends events at a steady rate, each with a number in the source address
//! of its packet.

use std::collections::HashMap;
use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tidegate_wire::event::{Common, Encoder as Events, Profile, TraceFields};
use tidegate_wire::payload::{Encoder, Payload};

/// The agent. It sends until [`Self::end`] or until it is dropped.
pub(crate) struct Stream {
    is_stopped: Arc<AtomicBool>,
    writer: Option<JoinHandle<(u64, UnixStream)>>,
}

impl Stream {
    /// Listens on a path.
    pub(crate) fn listen(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let is_stopped = Arc::new(AtomicBool::new(false));
        let writer = std::thread::spawn({
            let is_stopped = Arc::clone(&is_stopped);
            move || write(&listener, &is_stopped)
        });
        Self {
            is_stopped,
            writer: Some(writer),
        }
    }

    /// Stops sending, and returns the number of events that were sent. The client stays connected.
    pub(crate) fn end(mut self) -> u64 {
        self.is_stopped.store(true, Ordering::Relaxed);
        let (sent, client) = self.writer.take().unwrap().join().unwrap();
        // Keeps the connection open until the process exits.
        std::mem::forget(client);
        sent
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}

fn write(listener: &UnixListener, is_stopped: &AtomicBool) -> (u64, UnixStream) {
    let (mut client, _) = listener.accept().unwrap();
    let mut frames = Encoder::default();
    let mut sent = 0;
    while !is_stopped.load(Ordering::Relaxed) {
        let mut bytes = Vec::new();
        for _ in 0..20 {
            frames.encode(
                &Payload {
                    data: &event(sent),
                    cpu: 0,
                    lost: 0,
                    kind: Payload::EVENT_SAMPLE,
                },
                &mut bytes,
            );
            sent += 1;
        }
        if client.write_all(&bytes).is_err() {
            break;
        }
        // About ten thousand events per second.
        std::thread::sleep(Duration::from_millis(2));
    }
    (sent, client)
}

fn event(number: u64) -> Vec<u8> {
    let mut packet = vec![0; 42];
    packet[12] = 8;
    let [.., a, b, c] = number.to_be_bytes();
    packet[14..34].copy_from_slice(&[
        0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, a, b, c, 10, 0, 0, 1,
    ]);
    packet[34..42].copy_from_slice(&[0x9c, 0x40, 0x23, 0x28, 0, 8, 0, 0]);
    let common = Common {
        len_orig: 42,
        ..Common::default()
    };
    let mut data = Vec::new();
    let events = Events {
        profile: Profile::V1_19,
        padding: 0,
    };
    events.trace(
        &TraceFields {
            common,
            ..TraceFields::default()
        },
        &packet,
        &mut data,
    );
    data
}

/// The numbers that are not exactly once in lines of Hubble's JSON.
pub(crate) fn missing_or_duplicate(lines: &str, sent: u64) -> Vec<u64> {
    let mut times: HashMap<u64, u32> = HashMap::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let source = line["flow"]["IP"]["source"]
            .as_str()
            .unwrap_or_else(|| panic!("no source in {line}"));
        let parts = source
            .split('.')
            .skip(1)
            .map(|part| part.parse::<u64>().unwrap());
        *times
            .entry(parts.fold(0, |number, part| number << 8 | part))
            .or_default() += 1;
    }
    (0..sent)
        .filter(|number| times.get(number) != Some(&1))
        .collect()
}
