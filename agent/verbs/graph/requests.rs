//! The requests that stages of a pipeline send to its receivers.

use tidegate_runtime::component::{ProcessorConfig, ReceiverConfig};
use tidegate_runtime::requests::RequestKind;
use tidegate_runtime::stage_id::StageId;

use crate::config::{Config, Pipeline};

/// The requests from one stage to a receiver.
pub(super) struct RequestEdge<'a> {
    pub(super) from: &'a StageId,
    pub(super) to: &'a StageId,
    /// The names of their kinds.
    pub(super) kinds: String,
}

/// All requests of a pipeline, by their senders in the order of the pipeline.
pub(super) fn of<'a>(config: &'a Config, pipeline: &Pipeline) -> Vec<RequestEdge<'a>> {
    let receivers: Vec<_> = pipeline
        .receivers
        .iter()
        .map(|one| &config.receivers[one.index])
        .collect();
    let sending_receivers = receivers.iter().map(|component| {
        let config = component.config.as_deref();
        (
            &component.stage,
            config.map_or(&[][..], ReceiverConfig::sends_requests),
        )
    });
    let sending_processors = pipeline.processors.iter().map(|one| {
        let component = &config.processors[one.index];
        let config = component.config.as_deref();
        (
            &component.stage,
            config.map_or(&[][..], ProcessorConfig::sends_requests),
        )
    });
    let mut edges = Vec::new();
    for (from, sent) in sending_receivers.chain(sending_processors) {
        for receiver in receivers.iter().filter(|one| one.stage != *from) {
            let config = receiver.config.as_deref();
            let taken = config.map_or(&[][..], ReceiverConfig::takes_requests);
            edges.extend(edge(from, sent, &receiver.stage, taken));
        }
    }
    edges
}

fn edge<'a>(
    from: &'a StageId,
    sent: &[RequestKind],
    to: &'a StageId,
    taken: &[RequestKind],
) -> Option<RequestEdge<'a>> {
    let kinds = sent.iter().filter(|kind| taken.contains(kind));
    let kinds: Vec<_> = kinds.map(|kind| kind.name()).collect();
    (!kinds.is_empty()).then(|| RequestEdge {
        from,
        to,
        kinds: kinds.join(", "),
    })
}
