//! How many requests one request may be divided into, so that a backend that refuses everything is
//! not asked about every record. Pure.

/// Refusals of one request and its parts after which it is not divided further.
const MAX_REFUSALS: u32 = 128;

/// The refusals of a request and its parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DivisionBudget {
    refusals: u32,
    has_accepted: bool,
    /// Refusals after which the backend is taken to refuse everything, if it has accepted no part:
    /// twice as many as lead to a single record.
    max_in_vain: u32,
}

impl DivisionBudget {
    /// For a request with this number of records.
    pub(crate) fn new(records: u64) -> Self {
        Self {
            refusals: 0,
            has_accepted: false,
            max_in_vain: 2 * (records.max(1).ilog2() + 1),
        }
    }

    /// Records that the backend accepted a part.
    pub(crate) fn accepted(&mut self) {
        self.has_accepted = true;
    }

    /// Records a refusal.
    pub(crate) fn refused(&mut self) {
        self.refusals = self.refusals.saturating_add(1);
    }

    /// Whether other parts may be tried.
    pub(crate) fn is_left(&self) -> bool {
        let is_in_vain = !self.has_accepted && self.refusals > self.max_in_vain;
        self.refusals < MAX_REFUSALS && !is_in_vain
    }

    /// Whether the backend has refused every part.
    pub(crate) fn is_in_vain(&self) -> bool {
        self.refusals > 0 && !self.has_accepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bisects requests with records that a backend refuses. Returns how many records were
    /// refused in requests of their own, and the number of requests that were sent.
    fn bisect(records: u64, is_bad: impl Fn(u64) -> bool) -> (usize, usize) {
        let mut budget = DivisionBudget::new(records);
        let mut parts: Vec<_> = std::iter::once(0..records).collect();
        let mut alone = 0;
        let mut sent = 0;
        while let Some(part) = parts.pop()
            && (sent == 0 || budget.is_left())
        {
            sent += 1;
            if !part.clone().any(&is_bad) {
                budget.accepted();
                continue;
            }
            budget.refused();
            let middle = u64::midpoint(part.start, part.end);
            if part.start == middle {
                alone += 1;
            } else {
                parts.extend([middle..part.end, part.start..middle]);
            }
        }
        (alone, sent)
    }

    #[test]
    fn one_bad_record_is_found_wherever_it_is_with_two_requests_for_each_halving() {
        for records in [1, 2, 3, 100, 2048] {
            for bad in [0, records / 3, records - 1] {
                let (alone, sent) = bisect(records, |record| record == bad);
                let most = 2 * (records.ilog2() as usize + 1) + 1;
                assert_eq!(alone, 1, "{bad} of {records}");
                assert!(sent <= most, "{bad} of {records}: {sent}");
            }
        }
    }

    #[test]
    fn neighbours_and_records_apart_are_found_too() {
        assert_eq!(bisect(2048, |record| record < 2).0, 2);
        assert_eq!(bisect(2048, |record| record % 256 == 7).0, 8);
    }

    #[test]
    fn a_backend_that_refuses_everything_gets_few_requests() {
        assert_eq!(bisect(2048, |_| true).1, 25);
        assert_eq!(bisect(1, |_| true), (1, 1));
        assert_eq!(bisect(2, |_| true), (2, 3));
    }

    #[test]
    fn the_number_of_requests_is_bounded_whatever_is_accepted() {
        let (_, sent) = bisect(1 << 20, |record| record % 2 == 1);
        assert!(sent <= 2 * MAX_REFUSALS as usize, "{sent}");
    }
}
