//! Pieces of log records that were made a while ago and are likely to be needed again: copying one is a fraction of the
//! work of making it.
//!
//! A table of fixed size with one place for each hash, which the last comer takes. A piece that is too large to be kept
//! is made each time.

/// The largest piece that is kept: names and labels of a pod are some hundred bytes.
const LARGEST: usize = 2 << 10;

/// Room that most pieces need, so that they need not grow.
const USUAL: usize = 512;

/// Parts are copied in blocks: most have one or two, and to copy so many bytes is quicker than to see how many they are.
const BLOCK: usize = 64;

/// `N` parts, each of which stands elsewhere in a record.
#[derive(Debug)]
pub(super) struct Piece<const N: usize> {
    bytes: Vec<u8>,
    /// Where each part ends.
    ends: [usize; N],
}

impl<const N: usize> Piece<N> {
    /// Without any part.
    pub(super) const EMPTY: Self = Self { bytes: Vec::new(), ends: [0; N] };

    /// Makes it anew, in the memory that it has.
    fn make(&mut self, make: impl FnOnce(&mut Self)) {
        self.bytes.clear();
        self.ends = [0; N];
        make(self);
        self.bytes.extend_from_slice(&[0; BLOCK]);
    }

    /// Has `write` append a part; parts come in their order.
    pub(super) fn add(&mut self, part: usize, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends[part..].fill(self.bytes.len());
    }

    /// Appends one of the parts to `out`; nothing if there is none.
    #[inline]
    pub(super) fn copy(&self, part: usize, out: &mut Vec<u8>) {
        let start = if part == 0 { 0 } else { self.ends[part - 1] };
        let end = out.len() + self.ends[part] - start;
        for block in self.bytes[start..].as_chunks::<BLOCK>().0 {
            out.extend_from_slice(block);
            if out.len() >= end {
                break;
            }
        }
        out.truncate(end);
    }
}

/// What a piece is made of.
pub(super) trait Source {
    /// The same, to be kept.
    type Known;

    /// Keeps it.
    fn known(&self) -> Self::Known;

    /// Whether the same piece comes of both.
    fn is(&self, known: &Self::Known) -> bool;

    /// A number that others are not likely to have.
    fn hash(&self) -> u64;
}

/// Pieces by what they are made of.
#[derive(Debug)]
pub(super) struct Recent<K, const N: usize> {
    places: Vec<(Option<K>, Piece<N>)>,
    /// The last piece that is not kept.
    other: Piece<N>,
}

impl<K, const N: usize> Recent<K, N> {
    /// An empty table of a size that is a power of two.
    pub(super) fn new(places: usize) -> Self {
        Self { places: (0..places).map(|_| (None, Piece::EMPTY)).collect(), other: Piece::EMPTY }
    }

    /// The piece of a source, which `make` makes if it is not there.
    pub(super) fn of(&mut self, source: &impl Source<Known = K>, make: impl FnOnce(&mut Piece<N>)) -> &Piece<N> {
        let place = place(source.hash(), self.places.len());
        let (known, piece) = &mut self.places[place];
        if known.as_ref().is_some_and(|known| source.is(known)) {
            return piece;
        }
        piece.bytes.reserve(USUAL);
        piece.make(make);
        if piece.bytes.len() > LARGEST + BLOCK {
            *known = None;
            self.other = std::mem::replace(piece, Piece::EMPTY);
            return &self.other;
        }
        *known = Some(source.known());
        piece
    }

    /// A piece that `make` makes, and that is not kept.
    pub(super) fn other(&mut self, make: impl FnOnce(&mut Piece<N>)) -> &Piece<N> {
        self.other.make(make);
        &self.other
    }
}

fn place(hash: u64, places: usize) -> usize {
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - places.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, LARGEST, Piece, Recent, Source};

    struct Number {
        number: usize,
        hash: u64,
    }

    impl Source for Number {
        type Known = usize;

        fn known(&self) -> usize {
            self.number
        }

        fn is(&self, known: &usize) -> bool {
            self.number == *known
        }

        fn hash(&self) -> u64 {
            self.hash
        }
    }

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
        assert_eq!([part(&piece, 0), part(&piece, 1), part(&piece, 2)], [&b"ab"[..], b"", b"c"]);
        piece.make(|_| {});
        assert_eq!([part(&piece, 0), part(&piece, 2)], [b"", b""]);
    }

    #[test]
    fn parts_of_any_length_are_copied() {
        let mut piece: Piece<2> = Piece::EMPTY;
        for len in 0..=4 * BLOCK {
            let bytes: Vec<u8> = (0..len).map(|n| n as u8).collect();
            piece.make(|piece| (0..2).for_each(|part| piece.add(part, |out| out.extend_from_slice(&bytes))));
            assert_eq!([part(&piece, 0), part(&piece, 1)], [&*bytes, &*bytes]);
        }
    }

    #[test]
    fn a_piece_is_made_once_until_another_takes_its_place() {
        let (mut table, mut made): (Recent<_, 1>, _) = (Recent::new(4), 0);
        for (number, expected) in [(7, 1), (7, 1), (8, 2), (7, 3)] {
            let piece = table.of(&Number { number, hash: 0 }, |piece| {
                made += 1;
                piece.add(0, |out| out.push(number as u8));
            });
            assert_eq!(part(piece, 0), [number as u8]);
            assert_eq!(made, expected, "{number}");
        }
    }

    #[test]
    fn numbers_in_a_row_are_spread_over_the_table() {
        let (mut table, mut made): (Recent<_, 1>, _) = (Recent::new(512), 0);
        for number in (0..256).chain(0..256) {
            table.of(&Number { number, hash: number as u64 }, |_| made += 1);
        }
        assert!(made < 320, "{made}");
    }

    #[test]
    fn a_large_piece_is_not_kept() {
        let mut table: Recent<_, 1> = Recent::new(4);
        for n in [1, 2] {
            let large = |piece: &mut Piece<1>| piece.add(0, |out| out.resize(LARGEST + n, 0));
            assert_eq!(part(table.of(&Number { number: 0, hash: 0 }, large), 0).len(), LARGEST + n);
            assert_eq!(part(table.other(|piece| piece.add(0, |out| out.push(1))), 0), [1]);
        }
    }
}
