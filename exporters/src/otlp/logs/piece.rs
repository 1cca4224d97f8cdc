//! Parts of log records that were made before: copying one is a fraction of the work of making it.

/// Parts are copied in blocks: to copy so many bytes is quicker than to see how many they are.
const BLOCK: usize = 64;

/// `N` parts in a row, each of which stands elsewhere in a record.
#[derive(Debug)]
pub(super) struct Piece<const N: usize> {
    /// The parts, and a block behind them.
    bytes: Vec<u8>,
    /// Where each part ends.
    ends: [u32; N],
}

impl<const N: usize> Piece<N> {
    /// Without any part.
    pub(super) const EMPTY: Self = Self {
        bytes: Vec::new(),
        ends: [0; N],
    };

    /// Makes it anew, in the memory that it has.
    pub(super) fn make(&mut self, make: impl FnOnce(&mut Self)) {
        self.bytes.clear();
        self.ends = [0; N];
        make(self);
        self.bytes.extend_from_slice(&[0; BLOCK]);
    }

    /// Has `write` append a part; parts come in their order.
    pub(super) fn add(&mut self, part: usize, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        // A record of 4 GiB does not get here: it comes from a frame, and those are bounded.
        self.ends[part..].fill(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    /// Lets go of memory that it does not use.
    pub(super) fn fit(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Bytes of memory that it has.
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity()
    }

    /// Bytes of a part; none if there is no such part.
    #[inline]
    pub(super) fn len(&self, part: usize) -> usize {
        self.ends[part] as usize - self.start(part)
    }

    /// Appends one of the parts to `out`; nothing if there is none.
    #[inline]
    pub(super) fn copy(&self, part: usize, out: &mut Vec<u8>) {
        let end = out.len() + self.len(part);
        for block in self.bytes[self.start(part)..].as_chunks::<BLOCK>().0 {
            out.extend_from_slice(block);
            if out.len() >= end {
                break;
            }
        }
        out.truncate(end);
    }

    /// Bytes of all parts.
    pub(super) fn total(&self) -> usize {
        self.ends[N - 1] as usize
    }

    #[inline]
    fn start(&self, part: usize) -> usize {
        if part == 0 {
            0
        } else {
            self.ends[part - 1] as usize
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Piece};

    fn part<const N: usize>(piece: &Piece<N>, part: usize) -> Vec<u8> {
        let mut out = b"before".to_vec();
        piece.copy(part, &mut out);
        out.split_off(6)
    }

    #[test]
    fn a_piece_has_the_parts_that_were_added() {
        let mut piece: Piece<3> = Piece::EMPTY;
        piece.make(|piece| {
            piece.add(0, |out| out.extend_from_slice(b"ab"));
            piece.add(2, |out| out.extend_from_slice(b"c"));
        });
        assert_eq!(
            [part(&piece, 0), part(&piece, 1), part(&piece, 2)],
            [&b"ab"[..], b"", b"c"]
        );
        assert_eq!(piece.total(), 3);
        piece.make(|_| {});
        assert_eq!([part(&piece, 0), part(&piece, 2)], [b"", b""]);
    }

    #[test]
    fn parts_of_any_length_are_copied() {
        let mut piece: Piece<2> = Piece::EMPTY;
        for len in 0..=4 * BLOCK {
            let bytes: Vec<u8> = (0..len).map(|n| n as u8).collect();
            piece.make(|piece| {
                (0..2).for_each(|part| piece.add(part, |out| out.extend_from_slice(&bytes)))
            });
            assert_eq!([part(&piece, 0), part(&piece, 1)], [&*bytes, &*bytes]);
        }
    }
}
