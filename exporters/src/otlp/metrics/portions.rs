//! What an export has still to send: at first all series, of which each request takes as many as fit.
//! The series of a request that was refused come back in two portions, if the request may have been
//! too large, or invalid because of one of its points.

use super::request::MetricRequest;
use super::table::SeriesCursor;
use crate::otlp::delivery::{DivisionBudget, RequestOutcome};

/// The series that an export has still to send.
#[derive(Debug)]
pub(super) struct Portions {
    /// The last one is next.
    waiting: Vec<SeriesCursor>,
    /// Of the first request that was refused.
    budget: Option<DivisionBudget>,
}

impl Portions {
    pub(super) fn new(all: SeriesCursor) -> Self {
        Self {
            waiting: vec![all],
            budget: None,
        }
    }

    /// Returns the next request; `None` at the end.
    pub(super) fn next(
        &mut self,
        encode: impl Fn(&mut SeriesCursor) -> Option<MetricRequest>,
    ) -> Option<MetricRequest> {
        while let Some(portion) = self.waiting.last_mut() {
            if let Some(request) = encode(portion) {
                return Some(request);
            }
            self.waiting.pop();
        }
        None
    }

    /// Whether a request was refused and its series came back.
    pub(super) fn are_divided(&self) -> bool {
        self.budget.is_some()
    }

    /// Records the outcome of a request.
    pub(super) fn observe(&mut self, outcome: RequestOutcome) {
        if let (Some(budget), RequestOutcome::Delivered { .. }) = (&mut self.budget, outcome) {
            budget.accepted();
        }
    }

    /// Records that a request with these series was refused.
    pub(super) fn refused(&mut self, series: &SeriesCursor) {
        self.budget
            .get_or_insert_with(|| DivisionBudget::new(series.len() as u64))
            .refused();
    }

    /// Whether every request was refused.
    pub(super) fn are_in_vain(&self) -> bool {
        self.budget.is_some_and(|budget| budget.is_in_vain())
    }

    /// Takes the series of a refused request back in two portions. Returns whether they can be
    /// divided.
    pub(super) fn divide(&mut self, mut series: SeriesCursor) -> bool {
        let is_left = self.budget.is_none_or(|budget| budget.is_left());
        if series.len() < 2 || !is_left {
            return false;
        }
        let first = series.split_off(series.len() / 2);
        self.waiting.extend([series, first]);
        true
    }
}
