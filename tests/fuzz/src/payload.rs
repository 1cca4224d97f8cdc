//! The stream of one connection, whole and in chunks.
//!
//! The input is four bytes, the lengths of the chunks in turn, minus one; then the stream.

use tidegate_simulate::{Mix, Options, Release, Stream};
use tidegate_wire::payload::{Decoder, Encoder, Error, Payload, Step};

use super::event::lies_in;
use super::gob::chunks;
use super::memory::Bound;
use super::seeds;

/// For definitions; payloads are not copied.
const BOUND: Bound = Bound {
    each: 64,
    base: 4096,
};
const MAX_FRAME: usize = 1 << 16;

type Fields = (Vec<u8>, i64, u64, i64);

/// Reads the stream at once and in chunks, and writes its payloads again.
///
/// # Panics
/// If the two differ, if a payload is not part of the input, if too much is allocated, or if a
/// payload does not survive a round trip through the encoder.
pub fn run(data: &[u8]) {
    let Some((lengths, stream)) = data.split_first_chunk::<4>() else {
        return;
    };
    BOUND
        .holds(stream.len(), || {
            let mut decoder = Decoder::new(MAX_FRAME);
            drain(&mut decoder, stream, |payload| {
                assert!(lies_in(payload.data, stream))
            })
        })
        .ok();
    let whole = read([stream]);
    assert_eq!(read(chunks(stream, lengths)), whole);

    let mut encoder = Encoder::default();
    let mut written = Vec::new();
    for (data, cpu, lost, kind) in &whole.0 {
        encoder.encode(
            &Payload {
                data,
                cpu: *cpu,
                lost: *lost,
                kind: *kind,
            },
            &mut written,
        );
    }
    assert_eq!(read([&*written]), (whole.0, Ok(())));
}

/// The payloads, and the end of the stream.
fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Fields>, Result<(), Error>) {
    let mut decoder = Decoder::new(MAX_FRAME);
    let mut buffer = Vec::new();
    let mut payloads = Vec::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        let push = |payload: Payload<'_>| {
            payloads.push((
                payload.data.to_vec(),
                payload.cpu,
                payload.lost,
                payload.kind,
            ));
        };
        match drain(&mut decoder, &buffer, push) {
            Ok(used) => drop(buffer.drain(..used)),
            Err(error) => return (payloads, Err(error)),
        }
    }
    let end = decoder.finish(&buffer);
    (payloads, end)
}

/// Decodes all complete frames, and returns the number of bytes read.
fn drain<'a>(
    decoder: &mut Decoder,
    bytes: &'a [u8],
    mut each: impl FnMut(Payload<'a>),
) -> Result<usize, Error> {
    let mut total = 0;
    loop {
        let rest = &bytes[total..];
        total += match decoder.next(rest)? {
            Step::Value { used, payload } => {
                each(payload);
                used
            }
            Step::Definition { used } | Step::Refused { used, .. } => used,
            Step::Incomplete { needed } => {
                assert!(needed > rest.len());
                return Ok(total);
            }
        };
    }
}

/// Streams written by Go, and simulated ones.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let simulated = Release::ALL.map(|release| {
        let mut stream = Stream::new(Options {
            release,
            mix: Mix::EVEN,
            ..Options::default()
        });
        let mut out = Vec::new();
        (0..8).for_each(|_| stream.next_frame(&mut out));
        out
    });
    let streams = seeds::golden("payload").into_iter().chain(simulated);
    streams
        .map(|stream| [&[255, 0, 2, 30], &*stream].concat())
        .collect()
}
