//! Values since the start of a series, or since the last delivery.

use std::sync::Arc;

use tidegate_model::metric::{Exemplar, Histogram, Value};

use crate::otlp::messages::AggregationTemporality;

tidegate_runtime::config_choice! {
    /// What the values of counters and histograms cover.
    pub(crate) enum Temporality = Cumulative {
        /// The time since the start of the series. A value that is lost is replaced by the next one.
        Cumulative = "cumulative",
        /// The time since the last delivered value. A series that has not changed is not sent. What
        /// was received but not confirmed is sent again, and counts twice at the backend.
        Delta = "delta",
    }
}

impl Temporality {
    /// The value of OTLP.
    pub(super) fn aggregation(self) -> AggregationTemporality {
        match self {
            Self::Cumulative => AggregationTemporality::Cumulative,
            Self::Delta => AggregationTemporality::Delta,
        }
    }
}

/// Returns what was added to a cumulative value; `None` if that is nothing. Gauges have no
/// differences.
pub(super) fn difference(value: &Value, earlier: Option<&Value>) -> Option<Value> {
    match (value, earlier) {
        (Value::Counter(value), earlier) => {
            let earlier = match earlier {
                Some(Value::Counter(earlier)) => *earlier,
                _ => 0.0,
            };
            (*value > earlier).then(|| Value::Counter(value - earlier))
        }
        (Value::Histogram(value), Some(Value::Histogram(earlier))) => {
            (value.count > earlier.count).then(|| Value::Histogram(subtract(value, earlier).into()))
        }
        (Value::Histogram(value), _) => {
            (value.count > 0).then(|| Value::Histogram(Arc::clone(value)))
        }
        (Value::Gauge(_), _) => Some(value.clone()),
        (Value::Ended, _) => None,
    }
}

fn subtract(value: &Histogram, earlier: &Histogram) -> Histogram {
    let buckets = value.buckets.iter().zip(&earlier.buckets);
    Histogram {
        buckets: buckets
            .map(|(value, earlier)| value.saturating_sub(*earlier))
            .collect(),
        sum: value.sum - earlier.sum,
        count: value.count - earlier.count,
        exemplars: newer_exemplars(value, earlier),
        exponential: value.exponential.as_ref().map(|value| {
            let mut difference = value.clone();
            if let Some(earlier) = &earlier.exponential {
                difference.subtract(earlier);
            }
            difference
        }),
    }
}

/// The exemplars of a difference are observations that it covers.
fn newer_exemplars(value: &Histogram, earlier: &Histogram) -> Vec<Exemplar> {
    let exemplars = value.exemplars.iter();
    let newer = exemplars.filter(|exemplar| !earlier.exemplars.contains(exemplar));
    newer.copied().collect()
}

#[cfg(test)]
mod tests {
    use tidegate_model::Timestamp;
    use tidegate_model::flow::TraceContext;

    use super::*;

    fn histogram(buckets: &[u64], sum: f64) -> Value {
        Value::Histogram(Arc::new(Histogram {
            buckets: buckets.to_vec(),
            sum,
            count: buckets.iter().sum(),
            ..Histogram::default()
        }))
    }

    #[test]
    fn a_difference_is_what_was_added() {
        for (value, earlier, expected) in [
            (Value::Counter(5.0), None, Some(Value::Counter(5.0))),
            (
                Value::Counter(5.0),
                Some(Value::Counter(3.0)),
                Some(Value::Counter(2.0)),
            ),
            (Value::Counter(5.0), Some(Value::Counter(5.0)), None),
            (Value::Counter(0.0), None, None),
            (
                Value::Gauge(5.0),
                Some(Value::Gauge(5.0)),
                Some(Value::Gauge(5.0)),
            ),
            (
                histogram(&[1, 3], 9.0),
                Some(histogram(&[1, 1], 4.0)),
                Some(histogram(&[0, 2], 5.0)),
            ),
            (histogram(&[1], 1.0), Some(histogram(&[1], 1.0)), None),
            (histogram(&[1], 1.0), None, Some(histogram(&[1], 1.0))),
        ] {
            assert_eq!(difference(&value, earlier.as_ref()), expected, "{value:?}");
        }
    }
    #[test]
    fn a_difference_has_only_the_exemplars_that_are_new() {
        let exemplar = |time| Exemplar {
            value: 0.5,
            time: Timestamp(time),
            trace: TraceContext {
                trace_id: [1; 16],
                parent_id: [2; 8],
                flags: TraceContext::SAMPLED,
            },
        };
        let of = |count, exemplars: &[Exemplar]| Histogram {
            buckets: vec![count],
            count,
            exemplars: exemplars.to_vec(),
            ..Histogram::default()
        };
        let earlier = of(2, &[exemplar(1), exemplar(2)]);
        let later = of(3, &[exemplar(1), exemplar(3)]);
        assert_eq!(subtract(&later, &earlier).exemplars, [exemplar(3)]);
    }
}
