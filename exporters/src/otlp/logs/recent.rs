//! Pieces of log records that were made a while ago and are likely to be needed again.
//!
//! A table of fixed size with two places for each hash, of which the last comer takes one. A piece
//! that is too large to be kept, or one too many, is made each time.

use super::piece::Piece;

/// The largest piece that is kept: names and labels of a pod are some hundred bytes.
const LARGEST: usize = 2 << 10;

/// Bytes that all pieces of a table hold at most, for each of its places. Most pieces have less.
const SHARE: usize = 512;

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
    pairs: Vec<[Place<K, N>; 2]>,
    /// Bytes that they hold.
    held: usize,
    /// The last piece that is not kept.
    other: Piece<N>,
}

/// A piece, and what it is made of.
#[derive(Debug)]
struct Place<K, const N: usize> {
    known: Option<K>,
    piece: Piece<N>,
}

impl<K, const N: usize> Place<K, N> {
    const EMPTY: Self = Self {
        known: None,
        piece: Piece::EMPTY,
    };

    fn is_of(&self, source: &impl Source<Known = K>) -> bool {
        self.known.as_ref().is_some_and(|known| source.is(known))
    }
}

impl<K, const N: usize> Recent<K, N> {
    /// An empty table with a number of places that is a power of two.
    pub(super) fn new(places: usize) -> Self {
        Self {
            pairs: (0..places / 2)
                .map(|_| [Place::EMPTY, Place::EMPTY])
                .collect(),
            held: 0,
            other: Piece::EMPTY,
        }
    }

    /// The piece of a source, which `make` makes if it is not there.
    #[inline]
    pub(super) fn of(
        &mut self,
        source: &impl Source<Known = K>,
        make: impl FnOnce(&mut Piece<N>),
    ) -> &Piece<N> {
        let pair = pair(source.hash(), self.pairs.len());
        // Going through both would borrow them for too long.
        let [first, second] = &self.pairs[pair];
        match (first.is_of(source), second.is_of(source)) {
            (true, _) => &self.pairs[pair][0].piece,
            (_, true) => &self.pairs[pair][1].piece,
            _ => self.keep(pair, source, make),
        }
    }

    /// Makes a piece in place of the one of a pair that came first.
    #[cold]
    fn keep(
        &mut self,
        pair: usize,
        source: &impl Source<Known = K>,
        make: impl FnOnce(&mut Piece<N>),
    ) -> &Piece<N> {
        let most = self.pairs.len() * 2 * SHARE;
        let pair = &mut self.pairs[pair];
        let Place { known, piece } = &mut pair[1];
        *known = None;
        self.held -= piece.held();
        piece.make(make);
        piece.fit();
        if piece.total() > LARGEST || self.held + piece.held() > most {
            self.other = std::mem::replace(piece, Piece::EMPTY);
            return &self.other;
        }
        self.held += piece.held();
        *known = Some(source.known());
        pair.swap(0, 1);
        &pair[0].piece
    }

    /// A piece that `make` makes, and that is not kept.
    pub(super) fn other(&mut self, make: impl FnOnce(&mut Piece<N>)) -> &Piece<N> {
        self.other.make(make);
        &self.other
    }
}

/// Hashes may be sums of products, of which numbers at regular distances have regular ones: halves
/// are mixed for that.
fn pair(hash: u64, pairs: usize) -> usize {
    let mixed = hash ^ hash >> 32;
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - pairs.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, Piece, Recent, SHARE, Source};

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

    fn bytes<const N: usize>(piece: &Piece<N>) -> Vec<u8> {
        let mut out = Vec::new();
        piece.copy(0, &mut out);
        out
    }

    #[test]
    fn a_piece_is_made_once_until_two_others_have_come() {
        let (mut table, mut made): (Recent<_, 1>, _) = (Recent::new(4), 0);
        for (number, expected) in [(7, 1), (7, 1), (8, 2), (7, 2), (8, 2), (9, 3), (7, 4)] {
            let piece = table.of(&Number { number, hash: 0 }, |piece| {
                made += 1;
                piece.add(0, |out| out.push(number as u8));
            });
            assert_eq!(bytes(piece), [number as u8]);
            assert_eq!(made, expected, "{number}");
        }
    }

    #[test]
    fn numbers_in_a_row_are_spread_over_the_table() {
        let (mut table, mut made): (Recent<_, 1>, _) = (Recent::new(512), 0);
        for number in (0..256).chain(0..256) {
            table.of(
                &Number {
                    number,
                    hash: number as u64,
                },
                |_| made += 1,
            );
        }
        assert!(made < 320, "{made}");
    }

    #[test]
    fn no_more_is_kept_than_the_table_may_hold() {
        let (mut table, mut made): (Recent<_, 1>, _) = (Recent::new(1024), 0);
        for number in (0..1024).chain(0..1024) {
            table.of(
                &Number {
                    number,
                    hash: number as u64,
                },
                |piece| {
                    made += 1;
                    piece.add(0, |out| out.resize(1024, 0));
                },
            );
            let held: usize = table
                .pairs
                .iter()
                .flatten()
                .map(|place| place.piece.held())
                .sum();
            assert!(held <= 1024 * SHARE && held == table.held, "{held}");
        }
        assert!((1400..2048).contains(&made), "{made}: about half has room");
    }

    #[test]
    fn a_large_piece_takes_no_place_of_another() {
        let (mut table, mut made): (Recent<_, 1>, _) = (Recent::new(4), 0);
        for number in [0, 1, 0, 1, 0] {
            let len = if number == 0 { 1 } else { LARGEST + 1 };
            table.of(&Number { number, hash: 0 }, |piece| {
                made += 1;
                piece.add(0, |out| out.resize(len, 0));
            });
        }
        assert_eq!(made, 3);
    }

    #[test]
    fn a_large_piece_is_not_kept() {
        let mut table: Recent<_, 1> = Recent::new(4);
        for n in [1, 2] {
            let large = |piece: &mut Piece<1>| piece.add(0, |out| out.resize(LARGEST + n, 0));
            assert_eq!(
                table.of(&Number { number: 0, hash: 0 }, large).total(),
                LARGEST + n
            );
            assert_eq!(
                bytes(table.other(|piece| piece.add(0, |out| out.push(1)))),
                [1]
            );
        }
    }
}
