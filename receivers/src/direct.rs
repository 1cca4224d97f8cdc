//! Receivers for callers that have a source and no configuration.

use std::os::unix::net::UnixStream;
use std::path::Path;

use tidegate_runtime::component::BuildContext;
use tidegate_runtime::requests::{RequestKind, Requests};
use tidegate_runtime::stage::Receiver;
use tidegate_runtime::stage_id::StageId;

use crate::{cilium_api, monitor1_2, replay};

pub use crate::replay::Tail;

/// A receiver, under the name of its kind.
pub struct DirectReceiver {
    /// Its stage.
    pub stage: StageId,
    /// The component.
    pub receiver: Box<dyn Receiver>,
    /// The requests that it was built with.
    pub requests: Requests,
}

/// Plays a recording as fast as the pipelines take it; `-` is standard input. With `tail`, it waits
/// for more at the end of the file, until it is stopped.
#[must_use]
pub fn recording(file: &Path, tail: Option<Tail>, context: BuildContext) -> DirectReceiver {
    let context = of_kind(replay::KIND.name, context);
    DirectReceiver {
        receiver: replay::unpaced(file, tail, &context),
        stage: context.stage,
        requests: context.requests,
    }
}

/// Reads an open connection to the monitor socket at this path. At its end, the receiver connects
/// again or, without `reconnects`, ends.
#[must_use]
pub fn connection(
    socket: &Path,
    stream: UnixStream,
    reconnects: bool,
    context: BuildContext,
) -> DirectReceiver {
    let context = of_kind(monitor1_2::KIND.name, context);
    DirectReceiver {
        receiver: monitor1_2::connected(socket, stream, reconnects, &context),
        stage: context.stage,
        requests: context.requests,
    }
}

/// Reads the API of the Cilium agent at this path, for the monitor socket beside it; ends when the
/// receiver of that does.
#[must_use]
pub fn agent_api(socket: &Path, context: BuildContext) -> DirectReceiver {
    let context = of_kind(cilium_api::KIND.name, context);
    let requests = Requests::new(&context.stage, &[], &RequestKind::ALL, &context.telemetry);
    let context = BuildContext {
        requests,
        ..context
    };
    DirectReceiver {
        receiver: cilium_api::of_socket(socket, &context),
        stage: context.stage,
        requests: context.requests,
    }
}

/// The same context for a stage with the name of its kind.
fn of_kind(kind: &str, context: BuildContext) -> BuildContext {
    BuildContext {
        stage: StageId::receiver(kind),
        ..context
    }
}
