//! Sends frames to a client at a rate, each in a write of its own, as the Cilium agent does.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// A source of frames.
pub(crate) trait Frames: Send {
    /// Appends the next frame, after the type definitions that it needs; `false` at the end.
    fn next_frame(&mut self, out: &mut Vec<u8>) -> io::Result<bool>;
}

/// How fast frames are sent, and in what writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Frames per second; 0 is as fast as the client reads.
    pub(crate) rate: f64,
    /// Number of frames that are sent at once before the rate applies.
    pub(crate) burst: u64,
    /// Bytes that are collected into one write; 0 writes each frame on its own.
    pub(crate) coalesce: usize,
}

/// Time between two writes of the frames that are due.
const TICK: Duration = Duration::from_millis(5);
/// Frames in a row without a rate.
const BATCH: u64 = 256;

/// Sends frames until they end or the client disconnects, and returns their number. After the last
/// frame, waits for the client to disconnect, which it does once it has read the end.
pub(super) async fn send(
    mut client: UnixStream,
    frames: impl Frames,
    pace: Pace,
) -> io::Result<u64> {
    let sent = write(&mut client, frames, pace).await?;
    client.shutdown().await?;
    // Clients send nothing; ignore anything that arrives.
    while client.read(&mut [0; 64]).await? > 0 {}
    Ok(sent)
}

async fn write(client: &mut UnixStream, mut frames: impl Frames, pace: Pace) -> io::Result<u64> {
    let start = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sent = 0;
    let mut out = Vec::new();
    loop {
        let due = if pace.rate > 0.0 {
            ticks.tick().await;
            pace.burst
                .saturating_add(frames_due(start.elapsed(), pace.rate))
        } else {
            sent + BATCH
        };
        while sent < due {
            if !frames.next_frame(&mut out)? {
                client.write_all(&out).await?;
                return Ok(sent);
            }
            sent += 1;
            if out.len() >= pace.coalesce {
                client.write_all(&out).await?;
                out.clear();
            }
        }
        client.write_all(&out).await?;
        out.clear();
    }
}

/// The number of frames for a time.
fn frames_due(elapsed: Duration, rate: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number of frames"
    )]
    let due = (elapsed.as_secs_f64() * rate) as u64;
    due
}
