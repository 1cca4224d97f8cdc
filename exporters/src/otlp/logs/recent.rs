//! Pieces of log records that were made a while ago and are likely to be needed again: copying one is a fraction of the
//! work of making it.
//!
//! A table of fixed size with one place for each hash, which the last comer takes. A piece that is too large to be kept
//! is made each time.

/// Places of a table.
const PLACES: usize = 512;

/// The largest piece that is kept: names and labels of a pod are some hundred bytes.
const LARGEST: usize = 2 << 10;

/// Something made of bytes.
pub(super) trait Piece: Default {
    /// Bytes on the heap.
    fn size(&self) -> usize;

    /// Makes it empty, and keeps its memory.
    fn clear(&mut self);
}

/// All that a piece is made of.
pub(super) trait Origin: Clone {
    /// Whether the same piece comes of both.
    fn is(&self, other: &Self) -> bool;

    /// A number that others are not likely to have.
    fn hash(&self) -> u64;
}

/// Pieces by what they are made of.
#[derive(Debug)]
pub(super) struct Recent<O, P> {
    places: Vec<(Option<O>, P)>,
    /// The last piece that is not kept.
    other: P,
}

impl<O: Origin, P: Piece> Recent<O, P> {
    /// An empty table.
    pub(super) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| (None, P::default())).collect(), other: P::default() }
    }

    /// The piece of an origin, which `make` makes if it is not there.
    pub(super) fn of(&mut self, origin: &O, make: impl FnOnce(&mut P)) -> &P {
        let (known, piece) = &mut self.places[place(origin.hash())];
        if known.as_ref().is_some_and(|known| known.is(origin)) {
            return piece;
        }
        piece.clear();
        make(piece);
        if piece.size() > LARGEST {
            *known = None;
            self.other = std::mem::take(piece);
            return &self.other;
        }
        *known = Some(origin.clone());
        piece
    }

    /// A piece that `make` makes, and that is not kept.
    pub(super) fn other(&mut self, make: impl FnOnce(&mut P)) -> &P {
        self.other.clear();
        make(&mut self.other);
        &self.other
    }
}

fn place(hash: u64) -> usize {
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, Origin, PLACES, Piece, Recent};

    impl Piece for Vec<u8> {
        fn size(&self) -> usize {
            self.len()
        }

        fn clear(&mut self) {
            self.clear();
        }
    }

    #[derive(Clone, Copy)]
    struct Number {
        number: u64,
        hash: u64,
    }

    impl Origin for Number {
        fn is(&self, other: &Self) -> bool {
            self.number == other.number
        }

        fn hash(&self) -> u64 {
            self.hash
        }
    }

    #[test]
    fn a_piece_is_made_once_until_another_takes_its_place() {
        let (mut table, mut made): (Recent<_, Vec<u8>>, _) = (Recent::new(), 0);
        for (number, expected) in [(7, 1), (7, 1), (8, 2), (7, 3)] {
            let piece = table.of(&Number { number, hash: 0 }, |piece| {
                made += 1;
                piece.push(number as u8);
            });
            assert_eq!(*piece, [number as u8]);
            assert_eq!(made, expected, "{number}");
        }
    }

    #[test]
    fn numbers_in_a_row_are_spread_over_the_table() {
        let mut table: Recent<_, Vec<u8>> = Recent::new();
        let mut made = 0;
        for number in (0..PLACES as u64 / 2).chain(0..PLACES as u64 / 2) {
            table.of(&Number { number, hash: number }, |_| made += 1);
        }
        assert!(made < PLACES * 5 / 8, "{made}");
    }

    #[test]
    fn a_large_piece_is_not_kept() {
        let mut table: Recent<_, Vec<u8>> = Recent::new();
        for n in [1, 2] {
            let piece = table.of(&Number { number: 0, hash: 0 }, |piece| piece.resize(LARGEST + n, 0));
            assert_eq!(piece.len(), LARGEST + n);
            assert_eq!(table.other(|piece| piece.push(1)), &[1]);
        }
    }
}
