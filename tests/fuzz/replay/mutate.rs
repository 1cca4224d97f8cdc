//! Mutates inputs as fuzzers do.

use fastrand::Rng;

/// The maximum length of an input.
const MAX_LEN: usize = 4096;
/// Bytes at the boundaries of ranges, signs and lengths.
const INTERESTING: [u8; 10] = [0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

/// Returns one of `inputs` with one to six mutations.
pub(crate) fn mutate(inputs: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = inputs[rng.usize(..inputs.len())].clone();
    for _ in 0..rng.usize(1..=6) {
        let at = rng.usize(..=bytes.len());
        let end = rng.usize(at..=bytes.len().min(at + 32));
        match rng.u8(..7) {
            0 => set(&mut bytes, at, |_| {
                INTERESTING[rng.usize(..INTERESTING.len())]
            }),
            1 => set(&mut bytes, at, |byte| byte ^ 1 << rng.u8(..8)),
            2 => set(&mut bytes, at, |_| rng.u8(..)),
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            5 => {
                let other = &inputs[rng.usize(..inputs.len())];
                let from = rng.usize(..=other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes.truncate(MAX_LEN);
    bytes
}

fn set(bytes: &mut [u8], at: usize, mut value: impl FnMut(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = value(*byte);
    }
}
