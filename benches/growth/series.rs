//! A recording whose flows come from a given number of addresses: one simulated packet, with
//! another source address each time.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use tidegate_simulate::{Event, Mix, Options, Scenario, Simulator};
use tidegate_wire::gob::TypeId;
use tidegate_wire::payload::{Encoder, Payload};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One series for each source address.
pub(crate) const METRICS: &str = r#"metrics = ["flow:sourceContext=ip"]
max_series = 2000000"#;

/// A prime, so that consecutive addresses are far apart in a hash table.
const STRIDE: usize = 7919;

/// Writes `events` events that cycle through `addresses` addresses.
pub(crate) fn record(path: &Path, events: usize, addresses: usize) -> Result<()> {
    let (mut data, source) = template().ok_or("no IPv4 trace simulated")?;
    let mut encoder = Encoder::new(TypeId::FIRST);
    let mut file = BufWriter::new(File::create(path)?);
    let mut frame = Vec::new();
    for number in 0..events {
        let address = u32::try_from(number * STRIDE % addresses)?;
        data[source..source + 4].copy_from_slice(&(0x0a00_0000 | address).to_be_bytes());
        frame.clear();
        encoder.encode(
            &Payload {
                data: &data,
                cpu: 0,
                lost: 0,
                kind: Payload::EVENT_SAMPLE,
            },
            &mut frame,
        );
        file.write_all(&frame)?;
    }
    Ok(file.flush()?)
}

/// The trace of an IPv4 packet, and the offset of its source address.
fn template() -> Option<(Vec<u8>, usize)> {
    const TRACE: u8 = 4;
    /// EtherType, then version and header length.
    const IPV4: [u8; 3] = [0x08, 0x00, 0x45];
    let mut simulator = Simulator::new(Options {
        mix: Mix::only(Scenario::Tcp),
        ..Options::default()
    });
    (0..1000).find_map(|_| match simulator.next_event() {
        Event::Sample { data, .. } if data.first() == Some(&TRACE) => {
            let at = data.windows(IPV4.len()).position(|bytes| bytes == IPV4)?;
            Some((data, at + 14))
        }
        _ => None,
    })
}
