//! Initial inputs: the golden files, which real agents and Go wrote, and simulated events of every
//! release.

use std::fs;
use std::path::{Path, PathBuf};

use tidegate_simulate::{Event, Mix, Options, Release, Simulator};
use tidegate_wire::event::{self, Hints};

use super::event::packet_of;

/// Simulated events of each release.
const EVENTS: usize = 600;

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The bytes of the golden files in a folder.
#[must_use]
pub fn golden(folder: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(root().join("tests/golden").join(folder))
        .into_iter()
        .flatten()
        .flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "hex"));
    paths.sort();
    paths
        .iter()
        .map(|path| unhex(&fs::read_to_string(path).unwrap_or_default()))
        .collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| (pair[0] << 4 | pair[1]) as u8)
        .collect()
}

/// Simulated events of a release.
pub fn simulated(release: Release) -> impl Iterator<Item = Vec<u8>> {
    let options = Options {
        release,
        mix: Mix::EVEN,
        lost_every: 0,
        capture: 512,
        ..Options::default()
    };
    let mut simulator = Simulator::new(options);
    (0..EVENTS).filter_map(move |_| match simulator.next_event() {
        Event::Sample { data, .. } => Some(data),
        Event::Lost { .. } => None,
    })
}

/// The first events of a type, with their release.
#[must_use]
pub fn events(message_type: u8, of_each_release: usize) -> Vec<(Release, Vec<u8>)> {
    let of_type =
        |release| simulated(release).filter(move |data| data.first() == Some(&message_type));
    let events = |release| {
        of_type(release)
            .take(of_each_release)
            .map(move |data| (release, data))
    };
    Release::ALL.into_iter().flat_map(events).collect()
}

/// Packets that the newest release captured.
#[must_use]
pub fn packets() -> Vec<Vec<u8>> {
    let packet = |data: Vec<u8>| {
        let event = event::parse(&data, &Hints::default()).ok()?;
        Some(packet_of(&event).to_vec()).filter(|packet| !packet.is_empty())
    };
    let mut packets: Vec<_> = simulated(Release::V1_19).filter_map(packet).collect();
    packets.sort_by_key(Vec::len);
    packets.dedup_by_key(|packet| packet.len());
    packets
}
