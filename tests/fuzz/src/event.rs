//! Properties of datapath events of every type.
//!
//! The input is a byte that selects the release whose layouts are assumed, then the event; its first
//! byte is overwritten with the type.

use std::fmt::Debug;

use tidegate_simulate::Release;
use tidegate_wire::event::{Encoder, Event, Hints, PacketEvent, Profile, parse};

use super::memory::Bound;
use super::seeds;

/// How to read and write one type of event.
pub struct EventCodec<F> {
    /// The event's fields; `None` for another type.
    pub fields: fn(&Event<'_>) -> Option<F>,
    /// Writes the fields and a packet.
    pub encode: fn(&Encoder, &F, &[u8], &mut Vec<u8>),
}

/// Reads an event of a type and writes it again.
///
/// # Panics
/// If reading allocates, if the packet is not part of the input, if the event is read differently
/// with the hints that it gives, or if it does not survive a round trip through the encoder.
pub fn check<F: Debug + PartialEq>(message_type: u8, input: &[u8], codec: &EventCodec<F>) {
    let Some((&choice, event)) = input.split_first() else {
        return;
    };
    let mut data = event.to_vec();
    data.iter_mut()
        .take(1)
        .for_each(|first| *first = message_type);
    let profile = Profile::ALL[usize::from(choice) % Profile::ALL.len()];
    let mut hints = if choice < 0x80 {
        hints(profile)
    } else {
        Hints::default()
    };
    let Ok(event) = Bound::NONE.holds(data.len(), || parse(&data, &hints)) else {
        return;
    };
    let fields_of = |event: &Event<'_>| (codec.fields)(event).expect("the requested type");
    let fields = fields_of(&event);
    let packet = packet_of(&event);
    assert!(lies_in(packet, &data));

    hints.observe(&event);
    if hints.are_contradicted() {
        // No agent of the assumed release sends it.
        return;
    }
    let again = parse(&data, &hints).expect("an event is valid with its own hints");
    assert_eq!((fields_of(&again), packet_of(&again)), (fields, packet));

    let encoder = Encoder {
        profile,
        padding: choice,
    };
    let encode = |event: &Event<'_>| {
        let mut out = Vec::new();
        (codec.encode)(&encoder, &fields_of(event), packet_of(event), &mut out);
        out
    };
    let written = encode(&again);
    let read = parse(&written, &self::hints(profile)).expect("the encoder writes events");
    assert_eq!(packet_of(&read), packet);
    assert_eq!(encode(&read), written);
}

/// The hints for agents of these releases.
fn hints(profile: Profile) -> Hints {
    let minor = match profile {
        Profile::V1_12 => 12,
        Profile::V1_13 => 13,
        Profile::V1_17_4 => 17,
        Profile::V1_18 => 18,
        Profile::V1_19 => 19,
    };
    Hints::for_release(1, minor)
}

/// The captured packet of an event; empty if it has none.
#[must_use]
pub fn packet_of<'a>(event: &Event<'a>) -> &'a [u8] {
    let event: &dyn PacketEvent<'a> = match event {
        Event::Drop(drop) => drop,
        Event::Trace(trace) => trace,
        Event::PolicyVerdict(verdict) => verdict,
        Event::Capture(capture) => capture,
        Event::Recorder(recorder) => return recorder.packet(),
        _ => return &[],
    };
    assert!(event.header_len() <= event.packet_offset());
    assert!(event.packet().len() <= event.len_cap().into());
    event.packet()
}

/// Whether a view is part of the input.
#[must_use]
pub fn lies_in(view: &[u8], input: &[u8]) -> bool {
    let view = view.as_ptr_range();
    let input = input.as_ptr_range();
    view.is_empty() || (input.start <= view.start && view.end <= input.end)
}

/// Simulated events of a type, as inputs.
#[must_use]
pub fn seeds(message_type: u8) -> Vec<Vec<u8>> {
    let choice = |release: Release| {
        Profile::ALL
            .iter()
            .position(|profile| *profile == release.profile())
    };
    let input = |(release, data): (Release, Vec<u8>)| {
        [vec![choice(release).unwrap_or_default() as u8], data].concat()
    };
    seeds::events(message_type, 3)
        .into_iter()
        .map(input)
        .collect()
}
