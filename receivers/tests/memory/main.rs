//! The rows of `docs/memory.md` about receivers that read an API: the most memory that is allocated
//! while they read the lists of a large cluster, and lists of the largest elements that they take.
//!
//! What is counted includes the server of the test, which writes its lists as they are read.

mod api;
mod cilium_lists;
mod kubernetes_lists;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the tests of receivers use the rest")]
mod support;

use peak_alloc::PeakAlloc;
use support::TestPipeline;
use tidegate_runtime::requests::Request;
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;

/// What was allocated at most, and the records that were dropped.
type Run = (usize, Vec<(&'static str, u64)>);

/// One test, so that no other one allocates meanwhile.
#[test]
fn lists_are_read_in_the_memory_that_is_documented() {
    let cilium_runs = [
        (cilium_lists::LARGE_CLUSTER, 2, vec![]),
        (cilium_lists::LARGEST, 5, vec![]),
        (cilium_lists::LONG, 5, vec![("names_element_invalid", 8)]),
    ];
    for (lists, mib, dropped) in cilium_runs {
        check("cilium_api", cilium_run(lists), mib, &dropped);
    }
    for (lists, mib) in [
        (kubernetes_lists::LARGE_CLUSTER, 1),
        (kubernetes_lists::LARGEST, 17),
    ] {
        check("kubernetes", kubernetes_run(lists), mib, &[]);
    }
}

fn check(receiver: &str, (peak, dropped): Run, mib: usize, expected: &[(&str, u64)]) {
    let kib = peak >> 10;
    assert!(
        peak <= mib * MIB,
        "{receiver}: {kib} KiB, {mib} MiB allowed"
    );
    assert_eq!(dropped, expected, "{receiver}");
}

/// Has `cilium_api` read these lists.
fn cilium_run(lists: api::Lists) -> Run {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("cilium.sock");
    api::serve_unix(&socket, lists);
    let table = format!("{{ socket = '{}' }}", socket.display());
    run("cilium_api", &table, |pipeline| {
        let instruments = pipeline.telemetry.instruments();
        let is_last = |labels: &[(&str, String)]| {
            let has = |name, value| {
                labels
                    .iter()
                    .any(|(key, text)| *key == name && text == value)
            };
            has("path", "/v1/cluster/nodes") && has("result", "ok")
        };
        let mut results = instruments.iter().filter(|one| is_last(&one.labels));
        results.any(|one| one.value() == 1)
    })
}

/// Has `kubernetes` read these lists.
fn kubernetes_run(lists: api::Lists) -> Run {
    let port = api::serve_tcp(lists);
    let table = format!(
        "{{ server = 'http://127.0.0.1:{port}', node_name = 'node-a', \
         read = ['workloads', 'services'], page_size = 10_000 }}"
    );
    run("kubernetes", &table, |pipeline| {
        let is_listed =
            |resource| pipeline.resource_metric("tidegate_kubernetes_lists_total", resource) == 1;
        is_listed("pods") && is_listed("services")
    })
}

/// Runs a receiver until `is_done`. What was allocated at most is beyond a pipeline that has not begun.
fn run(kind: &str, table: &str, is_done: impl Fn(&TestPipeline) -> bool) -> Run {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut pipeline = TestPipeline::start(kind, table);
        pipeline.discard();
        ALLOCATOR.reset_peak_usage();
        let before = ALLOCATOR.current_usage();
        pipeline.requester.send(Request::StreamStarted(1));
        pipeline.until("all lists", is_done).await;
        let peak = ALLOCATOR.peak_usage() - before;
        pipeline.shutdown.request();
        let result = pipeline.end().await;
        assert_eq!(result.error(), "");
        (peak, result.dropped())
    })
}
