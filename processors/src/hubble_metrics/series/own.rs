//! The labels that a metric has of its own, as told for one observation.

use std::borrow::Cow;
use std::sync::Arc;

use super::key::OWN;
use super::{Symbol, Symbols};

/// From the number that stands for a label's value to the value. Different numbers have different
/// values.
pub(in super::super) type Words = fn(u32) -> Cow<'static, str>;

/// Values of a metric's own labels, in their order.
pub(in super::super) trait Own {
    /// Their numbers; `None` if a text among them has none, which then no series has.
    fn find(&self, symbols: &Symbols) -> Option<[u32; OWN]>;
    /// Their numbers, new ones where need be, and their texts.
    fn settle(&self, symbols: &mut Symbols) -> ([u32; OWN], Vec<Arc<str>>);
}

/// Values that are numbers already, each with its words: for whatever is counted for every packet.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Numbers<const N: usize>(
    pub(in super::super) [u32; N],
    pub(in super::super) [Words; N],
);

impl<const N: usize> Own for Numbers<N> {
    #[inline]
    fn find(&self, _: &Symbols) -> Option<[u32; OWN]> {
        Some(widen(self.0))
    }

    fn settle(&self, symbols: &mut Symbols) -> ([u32; OWN], Vec<Arc<str>>) {
        let text = |(number, words): (u32, Words)| {
            let symbol = symbols.intern(&words(number));
            symbols.text(symbol)
        };
        (
            widen(self.0),
            self.0.into_iter().zip(self.1).map(text).collect(),
        )
    }
}

/// Values that are texts.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Texts<'a, const N: usize>(pub(in super::super) [&'a str; N]);

impl<const N: usize> Own for Texts<'_, N> {
    fn find(&self, symbols: &Symbols) -> Option<[u32; OWN]> {
        let mut numbers = [0; N];
        for (number, text) in numbers.iter_mut().zip(self.0) {
            *number = symbols.find(text)?.0;
        }
        Some(widen(numbers))
    }

    fn settle(&self, symbols: &mut Symbols) -> ([u32; OWN], Vec<Arc<str>>) {
        let own = self.0.map(|text| symbols.intern(text));
        (
            widen(own.map(|Symbol(number)| number)),
            own.map(|symbol| symbols.text(symbol)).to_vec(),
        )
    }
}

/// Labels that are not there are all alike.
#[inline]
fn widen<const N: usize>(numbers: [u32; N]) -> [u32; OWN] {
    let mut own = [0; OWN];
    own[..N].copy_from_slice(&numbers);
    own
}
