//! The labels of a series, sorted by name without copying them.

use std::cmp::Ordering;
use std::sync::Arc;

use tidegate_model::metric::Series;

/// The labels of a series, sorted by name. They compare by their values, then by their names.
#[derive(Clone, Debug)]
pub(super) struct SortedLabels {
    series: Arc<Series>,
    order: Arc<LabelOrder>,
}

/// The order of a family's labels.
#[derive(Debug)]
struct LabelOrder {
    names: Vec<String>,
    /// Indexes into `names`, sorted by name.
    by_name: Vec<usize>,
}

/// Sorts labels. Stores one order for each set of label names, of which there are few.
#[derive(Debug, Default)]
pub(super) struct LabelSorter(Vec<Arc<LabelOrder>>);

impl LabelSorter {
    /// Returns the labels of a series.
    pub(super) fn labels(&mut self, series: &Arc<Series>) -> SortedLabels {
        let names = &series.family.label_names;
        let existing = self.0.iter().find(|order| order.names == *names).cloned();
        let order = existing.unwrap_or_else(|| {
            let mut by_name: Vec<_> = (0..names.len()).collect();
            by_name.sort_by(|a, b| names[*a].cmp(&names[*b]));
            let order = Arc::new(LabelOrder {
                names: names.clone(),
                by_name,
            });
            self.0.push(Arc::clone(&order));
            order
        });
        SortedLabels {
            series: Arc::clone(series),
            order,
        }
    }
}

impl SortedLabels {
    /// Iterates over names and values, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let Self { series, order } = self;
        order
            .by_name
            .iter()
            .map(|at| (&*order.names[*at], &*series.labels[*at]))
    }
}

impl Ord for SortedLabels {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.order, &other.order) {
            self.cmp_values(other)
        } else {
            self.cmp_values_and_names(other)
        }
    }
}

impl SortedLabels {
    /// Compares labels that have the same names. Series share most values, so pointers are compared
    /// first.
    fn cmp_values(&self, other: &Self) -> Ordering {
        for at in &self.order.by_name {
            let value = &self.series.labels[*at];
            let other = &other.series.labels[*at];
            if !Arc::ptr_eq(value, other) && value != other {
                return value.cmp(other);
            }
        }
        Ordering::Equal
    }

    fn cmp_values_and_names(&self, other: &Self) -> Ordering {
        let values = self
            .pairs()
            .map(|(_, value)| value)
            .cmp(other.pairs().map(|(_, value)| value));
        values.then_with(|| {
            self.pairs()
                .map(|(name, _)| name)
                .cmp(other.pairs().map(|(name, _)| name))
        })
    }
}

impl PartialOrd for SortedLabels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SortedLabels {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for SortedLabels {}
