//! One client: frames at a pace, each in a write of its own as Cilium's agent writes them.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Where frames come from.
pub(crate) trait Frames: Send {
    /// Appends the next frame, with what has to stand before it; `false` if there is none.
    fn next_frame(&mut self, out: &mut Vec<u8>) -> io::Result<bool>;
}

/// How fast, and in what portions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Frames per second; 0 is as fast as the client reads.
    pub(crate) rate: f64,
    /// Frames at the beginning that are not paced.
    pub(crate) at_once: u64,
    /// Bytes that are collected before they are written; 0 writes each frame by itself.
    pub(crate) coalesce: usize,
}

/// How often the schedule is looked at.
const TICK: Duration = Duration::from_millis(5);
/// Frames between looks at whether anything else wants to run.
const PORTION: u64 = 256;

/// Plays frames until they end or the client leaves; tells how many it had. A client that was sent
/// all has had all when it has seen the end and leaves, too.
pub(super) async fn play(
    mut client: UnixStream,
    frames: impl Frames,
    pace: Pace,
) -> io::Result<u64> {
    let played = write(&mut client, frames, pace).await?;
    client.shutdown().await?;
    // Clients say nothing; what this one might say is of no interest.
    while client.read(&mut [0; 64]).await? > 0 {}
    Ok(played)
}

async fn write(client: &mut UnixStream, mut frames: impl Frames, pace: Pace) -> io::Result<u64> {
    let (start, mut ticks) = (Instant::now(), interval(TICK));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut played, mut out) = (0, Vec::new());
    loop {
        let due = if pace.rate > 0.0 {
            ticks.tick().await;
            pace.at_once
                .saturating_add(frames_due(start.elapsed(), pace.rate))
        } else {
            played + PORTION
        };
        while played < due {
            if !frames.next_frame(&mut out)? {
                client.write_all(&out).await?;
                return Ok(played);
            }
            played += 1;
            if out.len() >= pace.coalesce {
                client.write_all(&out).await?;
                out.clear();
            }
        }
        client.write_all(&out).await?;
        out.clear();
    }
}

/// How many frames belong to the time that has passed.
fn frames_due(elapsed: Duration, rate: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number of frames"
    )]
    let due = (elapsed.as_secs_f64() * rate) as u64;
    due
}
