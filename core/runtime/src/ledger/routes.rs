//! How many records a stage handed to each stage behind it, while those come and go: every record
//! that goes on goes to all that are there, so one count is kept for all of them, and where it
//! stood when each came.

use std::collections::BTreeMap;

use crate::stage_id::StageId;

/// The stages behind a stage, those of former configurations included.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes(Vec<Route>);

#[derive(Clone, Debug)]
struct Route {
    to: StageId,
    /// Records that went there before it last came.
    before: u64,
    /// What had gone on when it came; `None` while it is not there.
    since: Option<u64>,
}

impl Routes {
    /// From now on, where `forwarded` records have gone on, exactly these stages are there.
    pub(super) fn set<'a>(&mut self, to: impl Iterator<Item = &'a StageId>, forwarded: u64) {
        let to: Vec<_> = to.collect();
        for route in &mut self.0 {
            let stays = to.contains(&&route.to);
            match route.since {
                Some(since) if !stays => {
                    route.before += forwarded - since;
                    route.since = None;
                }
                None if stays => route.since = Some(forwarded),
                _ => {}
            }
        }
        for stage in to {
            if self.0.iter().all(|route| route.to != *stage) {
                self.0.push(Route {
                    to: stage.clone(),
                    before: 0,
                    since: Some(forwarded),
                });
            }
        }
    }

    /// What each of them was handed, where `forwarded` records have gone on.
    pub(super) fn out(&self, forwarded: u64) -> BTreeMap<StageId, u64> {
        let count = |route: &Route| route.before + route.since.map_or(0, |since| forwarded - since);
        self.0
            .iter()
            .map(|route| (route.to.clone(), count(route)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Routes, StageId};

    #[test]
    fn a_stage_is_handed_what_goes_on_while_it_is_there() {
        let [a, b, c] = ["a", "b", "c"].map(StageId::exporter);
        let mut routes = Routes::default();
        routes.set([&a, &b].into_iter(), 0);
        routes.set([&b, &c].into_iter(), 10);
        routes.set([&a, &c].into_iter(), 15);
        let out: Vec<_> = routes.out(18).into_iter().collect();
        assert_eq!(out, [(a, 13), (b, 15), (c, 8)]);
    }
}
