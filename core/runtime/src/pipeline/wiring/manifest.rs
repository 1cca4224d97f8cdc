//! The parts of a topology by name, to find out what a reload changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::pipeline::reload::TopologyChange;
use crate::pipeline::topology::Topology;
use crate::stage_id::StageId;

/// Stages with their fingerprints, and pipelines with their stages.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    stages: BTreeMap<StageId, String>,
    pipelines: BTreeMap<String, Vec<StageId>>,
}

impl Manifest {
    pub(super) fn of(topology: &Topology) -> Self {
        let mut manifest = Self::default();
        for node in &topology.receivers {
            manifest
                .stages
                .insert(node.stage.clone(), node.fingerprint.clone());
        }
        for node in &topology.exporters {
            let what = format!("{} {:?} {:?}", node.fingerprint, node.queue, node.wants);
            manifest.stages.insert(node.stage.clone(), what);
        }
        for pipeline in &topology.pipelines {
            let mut joined: Vec<_> = pipeline
                .receivers
                .iter()
                .map(|at| topology.receivers[*at].stage.clone())
                .collect();
            for node in &pipeline.processors {
                joined.push(node.stage.clone());
                manifest.stages.insert(
                    node.stage.clone(),
                    format!("{} {:?}", node.fingerprint, node.queue),
                );
            }
            joined.extend(
                pipeline
                    .exporters
                    .iter()
                    .map(|at| topology.exporters[*at].stage.clone()),
            );
            manifest.pipelines.insert(pipeline.name.clone(), joined);
        }
        manifest
    }

    /// Whether there are no stages.
    pub(super) fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// The difference between this and `new`. `ended` has the stages that have ended.
    pub(super) fn change(&self, new: &Self, ended: &BTreeSet<StageId>) -> TopologyChange {
        let mut change = TopologyChange::default();
        for (stage, what) in &new.stages {
            let list = match self.stages.get(stage) {
                None => &mut change.added,
                Some(running) if running == what && !ended.contains(stage) => &mut change.kept,
                Some(_) => &mut change.replaced,
            };
            list.insert(stage.clone());
        }
        let removed = self
            .stages
            .keys()
            .filter(|stage| !new.stages.contains_key(*stage));
        change.removed = removed.cloned().collect();
        let names: BTreeSet<_> = self.pipelines.keys().chain(new.pipelines.keys()).collect();
        let rewired = names
            .into_iter()
            .filter(|name| self.pipelines.get(*name) != new.pipelines.get(*name));
        change.rewired = rewired.cloned().collect();
        change
    }
}
