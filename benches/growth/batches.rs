//! Batches of a given size, which the agent's configuration cannot set: a receiver of frames in
//! memory.

use std::fs;
use std::path::Path;

use async_trait::async_trait;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use tidegate_model::record::Frame;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tidegate_wire::payload::{DEFAULT_MAX_FRAME, Decoder, Error, Step};

use crate::Result;
use crate::agent::plan::Component;
use crate::in_process::Pipeline;

/// The CPU-seconds for a recording in batches of `size` records.
pub(crate) fn run(recording: &Path, size: usize, processors: &[Component<'_>]) -> Result<f64> {
    let receiver = BatchReceiver {
        stream: fs::read(recording)?,
        size,
    };
    let pipeline = Pipeline::new(Box::new(receiver), processors)?;
    let before = cpu_seconds()?;
    pipeline.run()?;
    Ok(cpu_seconds()? - before)
}

fn cpu_seconds() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

struct BatchReceiver {
    stream: Vec<u8>,
    size: usize,
}

#[async_trait]
impl Receiver for BatchReceiver {
    async fn run(
        self: Box<Self>,
        out: Outbox,
        _shutdown: Shutdown,
    ) -> std::result::Result<(), StageError> {
        let mut decoder = Decoder::new(DEFAULT_MAX_FRAME);
        let mut rest = self.stream.as_slice();
        loop {
            let mut batch = out.batch();
            fill(&mut batch, &mut decoder, &mut rest, self.size)?;
            if batch.is_empty() {
                return Ok(());
            }
            out.send(batch).await;
        }
    }
}

/// Moves frames from the stream to the batch until the batch is full or the stream ends.
fn fill(
    batch: &mut Batch,
    decoder: &mut Decoder,
    rest: &mut &[u8],
    size: usize,
) -> std::result::Result<(), Error> {
    while batch.len() < size {
        let used = match decoder.next(rest)? {
            Step::Value { used, payload } => {
                let data = batch.push_bytes(payload.data);
                batch.push(Record::Frame(Frame {
                    time: Timestamp::now(),
                    payload_type: payload.kind as i32,
                    cpu: payload.cpu as i32,
                    lost: payload.lost,
                    data,
                    ..Frame::default()
                }));
                used
            }
            Step::Definition { used } | Step::Refused { used, .. } => used,
            Step::Incomplete { .. } => break,
        };
        *rest = &rest[used..];
    }
    Ok(())
}
