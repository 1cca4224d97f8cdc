//! The values of a metric's own labels for one observation.

use std::borrow::Cow;
use std::sync::Arc;

use super::SymbolTable;
use super::key::MAX_METRIC_LABELS;

/// Renders the number of a label value as text. Different numbers of one label have different
/// texts.
pub(crate) type Render = fn(u32) -> Cow<'static, str>;

/// The values of a metric's own labels, in the order of the labels.
pub(crate) trait LabelValues {
    /// The numbers of the values; `None` if one of them is a text without a symbol, which means
    /// that no series has it.
    fn lookup(&self, symbols: &SymbolTable) -> Option<[u32; MAX_METRIC_LABELS]>;
    /// The numbers of the values and their texts. Adds missing symbols.
    fn intern(&self, symbols: &mut SymbolTable) -> ([u32; MAX_METRIC_LABELS], Vec<Arc<str>>);
}

/// Values that are numbers already, which are rendered once per series: for metrics that count
/// every packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumericLabels<const N: usize> {
    pub(crate) numbers: [u32; N],
    /// The renderer of each number.
    pub(crate) render: [Render; N],
}

impl<const N: usize> LabelValues for NumericLabels<N> {
    #[inline]
    fn lookup(&self, _: &SymbolTable) -> Option<[u32; MAX_METRIC_LABELS]> {
        Some(pad(self.numbers))
    }

    fn intern(&self, symbols: &mut SymbolTable) -> ([u32; MAX_METRIC_LABELS], Vec<Arc<str>>) {
        let text = |(number, render): (u32, Render)| {
            let symbol = symbols.intern(&render(number));
            symbols.text(symbol)
        };
        let texts = self.numbers.into_iter().zip(self.render).map(text);
        (pad(self.numbers), texts.collect())
    }
}

/// Values that are texts; at most [`MAX_METRIC_LABELS`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextLabels<'a>(pub(crate) &'a [&'a str]);

impl LabelValues for TextLabels<'_> {
    fn lookup(&self, symbols: &SymbolTable) -> Option<[u32; MAX_METRIC_LABELS]> {
        let mut numbers = [0; MAX_METRIC_LABELS];
        for (number, text) in numbers.iter_mut().zip(self.0) {
            *number = symbols.find(text)?.0;
        }
        Some(numbers)
    }

    fn intern(&self, symbols: &mut SymbolTable) -> ([u32; MAX_METRIC_LABELS], Vec<Arc<str>>) {
        let mut numbers = [0; MAX_METRIC_LABELS];
        let mut texts = Vec::with_capacity(self.0.len());
        for (number, text) in numbers.iter_mut().zip(self.0) {
            let symbol = symbols.intern(text);
            *number = symbol.0;
            texts.push(symbols.text(symbol));
        }
        (numbers, texts)
    }
}

/// Fills up with zeros: all series of a family have the same number of labels.
#[inline]
fn pad<const N: usize>(numbers: [u32; N]) -> [u32; MAX_METRIC_LABELS] {
    let mut padded = [0; MAX_METRIC_LABELS];
    padded[..N].copy_from_slice(&numbers);
    padded
}
