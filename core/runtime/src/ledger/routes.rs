//! How many records a stage sent to each of the next stages, which reloads add and remove. Every
//! record is sent to all of them, so one total is kept, and its value when each stage was added.

use std::collections::BTreeMap;

use crate::stage_id::StageId;

/// The stages behind a stage, including those of former configurations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes(Vec<Route>);

#[derive(Clone, Debug)]
struct Route {
    to: StageId,
    /// Records that were sent before it was last added.
    before: u64,
    /// The total when it was added; `None` while it is removed.
    since: Option<u64>,
}

impl Routes {
    /// Replaces the current stages. `forwarded` is the total so far.
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

    /// The number of records sent to each stage. `forwarded` is the total so far.
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
    fn a_stage_receives_what_is_forwarded_while_it_is_present() {
        let [a, b, c] = ["a", "b", "c"].map(StageId::exporter);
        let mut routes = Routes::default();
        routes.set([&a, &b].into_iter(), 0);
        routes.set([&b, &c].into_iter(), 10);
        routes.set([&a, &c].into_iter(), 15);
        let out: Vec<_> = routes.out(18).into_iter().collect();
        assert_eq!(out, [(a, 13), (b, 15), (c, 8)]);
    }
}
