//! The labels of a series in the order of the exposition, without a copy of them.

use std::cmp::Ordering;
use std::sync::Arc;

use tidegate_model::metric::Series;

/// Labels of a series, sorted by name. They are compared by their values, then by their names.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    series: Arc<Series>,
    order: Arc<Order>,
}

/// How the labels of a family are sorted.
#[derive(Debug)]
struct Order {
    names: Vec<String>,
    by_name: Vec<usize>,
}

/// The orders of all families: a handful, however many series there are.
#[derive(Debug, Default)]
pub(super) struct Orders(Vec<Arc<Order>>);

impl Orders {
    /// The labels of a series.
    pub(super) fn labels(&mut self, series: &Arc<Series>) -> Labels {
        let names = &series.family.label_names;
        let known = self.0.iter().find(|order| order.names == *names).cloned();
        let order = known.unwrap_or_else(|| {
            let mut by_name: Vec<_> = (0..names.len()).collect();
            by_name.sort_by(|a, b| names[*a].cmp(&names[*b]));
            let order = Arc::new(Order {
                names: names.clone(),
                by_name,
            });
            self.0.push(Arc::clone(&order));
            order
        });
        Labels {
            series: Arc::clone(series),
            order,
        }
    }
}

impl Labels {
    /// Names and values, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let Self { series, order } = self;
        order
            .by_name
            .iter()
            .map(|at| (&*order.names[*at], &*series.labels[*at]))
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.order, &other.order) {
            self.by_values(other)
        } else {
            self.by_all(other)
        }
    }
}

impl Labels {
    /// With names that are the same. Most values are shared between series, and need no look at
    /// their bytes.
    fn by_values(&self, other: &Self) -> Ordering {
        for at in &self.order.by_name {
            let (value, other) = (&self.series.labels[*at], &other.series.labels[*at]);
            if !Arc::ptr_eq(value, other) && value != other {
                return value.cmp(other);
            }
        }
        Ordering::Equal
    }

    fn by_all(&self, other: &Self) -> Ordering {
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

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Labels {}
