//! Requests from stages to receivers, at the start and over reloads.

use tidegate_model::{Outcome, Record};
use tidegate_runtime::pipeline::ProcessorNode;
use tidegate_runtime::requests::{Request, RequestKind, RequestReader, Requests};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;

use crate::support::{ExporterBehavior, PerRecord, ROOMY, ReceiverStep, TestTopology, processor};

/// The ends of a receiver that takes all requests.
fn api() -> (Requests, RequestReader) {
    let stage = StageId::receiver("r0");
    let requests = Requests::new(&stage, &[], &RequestKind::ALL, &Telemetry::default());
    let reader = requests.reader();
    (requests, reader)
}

/// A processor whose end the test holds as well.
fn asking(stage: &str, requests: &Requests) -> ProcessorNode {
    ProcessorNode {
        requests: requests.clone(),
        ..processor(stage, PerRecord(|_: &mut Record| Outcome::Keep))
    }
}

/// Two receivers, the first with this end, and an exporter.
fn parts(builder: TestTopology, requests: &Requests) -> TestTopology {
    let mut builder = builder
        .receiver(&[ReceiverStep::UntilShutdown])
        .receiver(&[ReceiverStep::UntilShutdown])
        .exporter(ExporterBehavior::Drains, ROOMY);
    builder.topology.receivers[0].requests = requests.clone();
    builder
}

fn read(reader: &mut RequestReader) -> Vec<Request> {
    std::iter::from_fn(|| reader.try_recv()).collect()
}

#[tokio::test(start_paused = true)]
async fn stages_that_are_kept_send_and_read_requests_in_the_new_wiring() {
    let [of_p, of_q] = [1, 2].map(|_| Requests::default());
    let (running, mut reader) = api();
    let mut started = parts(TestTopology::new(), &running)
        .pipeline("p", &[0, 1], vec![asking("a", &of_p)], &[0])
        .start();
    of_p.send(Request::IdentityWanted(1));
    assert_eq!(read(&mut reader), [Request::IdentityWanted(1)]);

    // Both stages are kept, what was built in their place is not used, and `q` is new.
    let (unused, mut unread) = api();
    let next = parts(started.next(), &unused)
        .pipeline("p", &[0, 1], vec![asking("a", &Requests::default())], &[0])
        .pipeline("q", &[0], vec![asking("b", &of_q)], &[0]);
    started.reload(next).await;
    of_p.send(Request::IdentityWanted(2));
    of_q.send(Request::IdentityWanted(3));
    let both = [Request::IdentityWanted(2), Request::IdentityWanted(3)];
    assert_eq!(
        (read(&mut reader), read(&mut unread)),
        (both.to_vec(), vec![])
    );

    // The receiver leaves `p`.
    let next = parts(started.next(), &unused)
        .pipeline("p", &[1], vec![asking("a", &Requests::default())], &[0])
        .pipeline("q", &[0], vec![asking("b", &Requests::default())], &[0]);
    started.reload(next).await;
    assert!(!of_p.is_taken(RequestKind::IdentityWanted));
    of_p.send(Request::IdentityWanted(4));
    of_q.send(Request::IdentityWanted(5));
    assert_eq!(read(&mut reader), [Request::IdentityWanted(5)]);

    // Another receiver takes its place.
    let (changed, mut of_changed) = api();
    let next = parts(started.next(), &changed)
        .changed_receiver(0)
        .pipeline("p", &[0], vec![asking("a", &Requests::default())], &[0])
        .pipeline("q", &[1], vec![asking("b", &Requests::default())], &[0]);
    started.reload(next).await;
    of_p.send(Request::IdentityWanted(6));
    of_q.send(Request::IdentityWanted(7));
    assert_eq!(read(&mut of_changed), [Request::IdentityWanted(6)]);
    assert_eq!(read(&mut reader), []);
    started.shutdown.request();
    started.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_receiver_sends_to_the_others_of_its_pipelines() {
    let (api, mut reader) = api();
    let monitor = Requests::default();
    let mut topology = parts(TestTopology::new(), &api);
    topology.topology.receivers[1].requests = monitor.clone();
    let started = topology
        .pipeline("p", &[0], Vec::new(), &[0])
        .pipeline("q", &[1, 0], Vec::new(), &[0])
        .start();
    monitor.send(Request::StreamStarted(1));
    assert_eq!(read(&mut reader), [Request::StreamStarted(1)]);
    started.shutdown.request();
    started.ended().await;
}
