//! The stream of one connection, whole and in pieces.
//!
//! The input is four bytes, the lengths of the pieces in turn, less one; then the stream.

use tidegate_simulate::{Mix, Options, Release, Stream};
use tidegate_wire::payload::{Decoder, Encoder, Error, Payload, Step};

use super::event::lies_in;
use super::gob::pieces;
use super::memory::Bound;
use super::seeds;

/// Definitions take most; payloads nothing.
const BOUND: Bound = Bound {
    each: 64,
    base: 4096,
};
const MAX_FRAME: usize = 1 << 16;

type Fields = (Vec<u8>, i64, u64, i64);

/// Reads the stream at once and in pieces, and writes what was read.
///
/// # Panics
/// If the two differ, if a payload shows what was not sent, if too much is allocated, or if a
/// payload does not come back from the encoder.
pub fn run(data: &[u8]) {
    let Some((cuts, stream)) = data.split_first_chunk::<4>() else {
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
    let (whole, in_pieces) = (read([stream]), read(pieces(stream, cuts)));
    assert_eq!(in_pieces, whole);

    let (mut encoder, mut written) = (Encoder::default(), Vec::new());
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

/// The payloads, and how the stream ended.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Fields>, Result<(), Error>) {
    let (mut decoder, mut buffer, mut payloads) = (Decoder::new(MAX_FRAME), Vec::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        let keep = |payload: Payload<'_>| {
            payloads.push((
                payload.data.to_vec(),
                payload.cpu,
                payload.lost,
                payload.kind,
            ));
        };
        match drain(&mut decoder, &buffer, keep) {
            Ok(used) => drop(buffer.drain(..used)),
            Err(error) => return (payloads, Err(error)),
        }
    }
    let end = decoder.finish(&buffer);
    (payloads, end)
}

/// Decodes what is whole, and tells how many bytes that took.
fn drain<'a>(
    decoder: &mut Decoder,
    bytes: &'a [u8],
    mut each: impl FnMut(Payload<'a>),
) -> Result<usize, Error> {
    let mut used_up = 0;
    loop {
        let rest = &bytes[used_up..];
        used_up += match decoder.next(rest)? {
            Step::Value { used, payload } => {
                each(payload);
                used
            }
            Step::Definition { used } | Step::Refused { used, .. } => used,
            Step::Incomplete { needed } => {
                assert!(needed > rest.len());
                return Ok(used_up);
            }
        };
    }
}

/// The streams that Go wrote, and simulated ones.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let simulated = Release::ALL.map(|release| {
        let (mut stream, mut out) = (
            Stream::new(Options {
                release,
                mix: Mix::EVEN,
                ..Options::default()
            }),
            Vec::new(),
        );
        (0..8).for_each(|_| stream.next_frame(&mut out));
        out
    });
    let streams = seeds::golden("payload").into_iter().chain(simulated);
    streams
        .map(|stream| [&[255, 0, 2, 30], &*stream].concat())
        .collect()
}
