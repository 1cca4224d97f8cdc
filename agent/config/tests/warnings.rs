//! What is valid, and probably a mistake.

use std::path::Path;

use tidegate_runtime::component::Lint;
use tidegate_runtime::config::{Setting as _, Shape, paragraphs};

use super::samples::said_about;
use super::{GOOD, complains, good, try_load, warnings, warns};

#[test]
fn a_component_that_no_pipeline_uses() {
    let text = format!("[exporters.scrape]\n[processors.count]\n[receivers.\"source/b\"]\n{GOOD}");
    warns(
        &text,
        r#"
warning[unused_component]: no pipeline uses `exporters.scrape`
 --> pipeline.toml:1:12
  |
1 | [exporters.scrape]
  |            ^^^^^^ does not run
  |
  = help: add "scrape" to the `exporters` of a pipeline, or remove it

warning[unused_component]: no pipeline uses `processors.count`
 --> pipeline.toml:2:13
  |
2 | [processors.count]
  |             ^^^^^ does not run
  |
  = help: add "count" to the `processors` of a pipeline, or remove it

warning[unused_component]: no pipeline uses `receivers.source/b`
 --> pipeline.toml:3:12
  |
3 | [receivers."source/b"]
  |            ^^^^^^^^^^ does not run
  |
  = help: add "source/b" to the `receivers` of a pipeline, or remove it

pipeline.toml: 3 warnings
"#,
    );
    let config = good(&text);
    let ids: Vec<_> = config.exporters.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["sink"], "an unused component does not run");
}

#[test]
fn an_unused_component_does_not_listen_and_its_errors_are_reported() {
    let text = format!("[exporters.\"sink/b\"]\nlisten = \"127.0.0.1:9464\"\n{GOOD}");
    assert!(good(&text).exporters.len() == 1);
    complains(
        &format!("[exporters.\"sink/b\"]\nendpoint = \"ftp://x\"\n{GOOD}"),
        r#"
warning[unused_component]: no pipeline uses `exporters.sink/b`
 --> pipeline.toml:1:12
  |
1 | [exporters."sink/b"]
  |            ^^^^^^^^ does not run
  |
  = help: add "sink/b" to the `exporters` of a pipeline, or remove it

error: wrong value in `exporters.sink/b.endpoint`
 --> pipeline.toml:2:12
  |
2 | endpoint = "ftp://x"
  |            ^^^^^^^^^ exporters.sink/b cannot speak FTP; use http
"#,
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn events_and_flows_and_metrics_that_nothing_uses() {
    warns(
        r#"[receivers.source]
live = true
[processors.decode]
[processors.flow]
[processors.count]
[exporters.sink]
signals = ["lost", "agent_events", "metrics"]
[exporters."sink/flows"]
signals = ["flows"]
[service.pipelines.a]
receivers = ["source"]
processors = ["decode"]
exporters = ["sink"]
[service.pipelines.b]
receivers = ["source"]
processors = ["decode", "flow"]
exporters = ["sink"]
[service.pipelines.c]
receivers = ["source"]
processors = ["decode", "flow", "count"]
exporters = ["sink/flows"]
"#,
        r#"
warning[signal_never_arrives]: `exporters.sink` never gets agent_events, metrics
 --> pipeline.toml:7:11
  |
7 | signals = ["lost", "agent_events", "metrics"]
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ no processor of its pipelines makes them

warning[events_without_flows]: nothing in pipeline `a` uses the events of `processors.decode`
  --> pipeline.toml:12:15
   |
12 | processors = ["decode"]
   |               ^^^^^^^^ makes events
   |
   = help: add a processor such as `flow` behind it

warning[flows_not_exported]: nothing in pipeline `b` uses the flows of `processors.flow`
  --> pipeline.toml:16:25
   |
16 | processors = ["decode", "flow"]
   |                         ^^^^^^ makes flows

warning[metrics_not_exported]: nothing in pipeline `c` uses the metrics of `processors.count`
  --> pipeline.toml:20:33
   |
20 | processors = ["decode", "flow", "count"]
   |                                 ^^^^^^^ makes metrics
   |
   = help: add an exporter that takes metrics, such as `scrape`

pipeline.toml: 4 warnings
"#,
    );
}

#[test]
fn flows_that_are_counted_need_no_exporter() {
    let text = r#"[receivers.source]
[processors]
decode = {}
flow = {}
count = {}
[exporters.scrape]
[service.pipelines.a]
receivers = ["source"]
processors = ["decode", "flow", "count"]
exporters = ["scrape"]
"#;
    assert_eq!(warnings(text), "");
}

#[test]
fn two_exporters_with_the_same_keys() {
    warns(
        r#"[receivers.source]
[exporters.sink]
endpoint = "http://a"
[exporters."sink/b"]
endpoint = "http://a"
queue.records = 1000
[exporters."sink/c"]
endpoint = "http://c"
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink", "sink/b", "sink/c"]
"#,
        r#"
warning[duplicate_component]: `exporters.sink/b` exports the same as `exporters.sink`
  --> pipeline.toml:11:22
   |
11 | exporters = ["sink", "sink/b", "sink/c"]
   |              ------  ^^^^^^^^
   |              |
   |              has the same keys

pipeline.toml: 1 warning
"#,
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn queues_that_are_too_small_and_queues_that_hold_up_a_receiver() {
    warns(
        r#"[receivers.source]
live = true
[receivers."source/file"]
[processors.decode]
queue = { records = 359, bytes = "63KiB" }
[exporters.sink]
queue = { records = 360, bytes = "64KiB", when_full = "block" }
[exporters."sink/file"]
queue = { when_full = "block" }
[service.pipelines.flows]
receivers = ["source"]
processors = ["decode"]
exporters = ["sink"]
[service.pipelines.recording]
receivers = ["source/file"]
processors = ["decode"]
exporters = ["sink/file"]
"#,
        r#"
warning[queue_below_batch]: `processors.decode.queue.records` is less than a batch
 --> pipeline.toml:5:21
  |
5 | queue = { records = 359, bytes = "63KiB" }
  |                     ^^^ a batch has up to 360 records
  |
  = note: a larger batch is accepted only when the queue is empty

warning[queue_below_batch]: `processors.decode.queue.bytes` is less than a batch
 --> pipeline.toml:5:34
  |
5 | queue = { records = 359, bytes = "63KiB" }
  |                                  ^^^^^^^ a batch has up to 64 KiB and its records
  |
  = note: a larger batch is accepted only when the queue is empty

warning[blocked_receiver]: `exporters.sink` can hold up `source`, which cannot wait
 --> pipeline.toml:7:55
  |
7 | queue = { records = 360, bytes = "64KiB", when_full = "block" }
  |                                                       ^^^^^^^
  |
  = note: while it blocks, all exporters of its pipelines wait, and the receiver drops
  = help: use "auto", "drop_newest" or "drop_oldest"

pipeline.toml: 3 warnings
"#,
    );
}

/// A pipeline of which `metrics` is the list of `count`.
fn counting(metrics: &str, processors: [&str; 2]) -> String {
    let [one, other] = processors;
    format!(
        r#"[receivers.source]
[processors]
decode = {{}}
flow = {{}}
names = {{}}
count = {{ metrics = {metrics} }}
[exporters.sink]
[service.pipelines.one]
receivers = ["source"]
processors = ["decode", "flow", {one}]
exporters = ["sink"]
[service.pipelines.other]
receivers = ["source"]
processors = ["decode", "flow", {other}]
exporters = ["sink"]
"#
    )
}

#[test]
fn a_component_sees_its_position_in_each_pipeline() {
    let named = "\"names\", \"count\"";
    let unnamed = "\"count\", \"names\"";
    assert_eq!(warnings(&counting("[\"pods\"]", [named, named])), "");
    warns(
        &counting("[\"pods\"]", [named, unnamed]),
        r#"
warning[label_without_names]: there are no names
 --> pipeline.toml:6:23
  |
6 | count = { metrics = ["pods"] }
  |                       ^^^^ needs names
  |
  = note: a note
  = note: in pipeline `other`
  = help: add names

pipeline.toml: 1 warning
"#,
    );
    let everywhere = warnings(&counting("[\"pods\"]", [unnamed, unnamed]));
    assert!(!everywhere.contains("in pipeline"), "{everywhere}");
}

#[test]
fn all_mistakes_of_a_list_are_reported_and_the_component_is_not_built() {
    let named = "\"names\", \"count\"";
    complains(
        &counting(r#"["x\u0031", "pods", "x2"]"#, [named, named]),
        r#"
error: there is no metric `x1`
 --> pipeline.toml:6:22
  |
6 | count = { metrics = ["x\u0031", "pods", "x2"] }
  |                      ^^^^^^^^^

error: there is no metric `x2`
 --> pipeline.toml:6:42
  |
6 | count = { metrics = ["x\u0031", "pods", "x2"] }
  |                                          ^^
"#,
    );
}

#[test]
fn credentials_on_the_network() {
    let admin = |listen: &str| {
        format!("{GOOD}[service.telemetry.admin]\nlisten = \"{listen}\"\ntoken = \"t\"\n")
    };
    warns(
        &admin("0.0.0.0:9465"),
        r#"
warning[plain_text_credentials]: tokens and flows can be read on the network
  --> pipeline.toml:10:10
   |
10 | listen = "0.0.0.0:9465"
   |          ^^^^^^^^^^^^^^ not a loopback address, and without TLS
   |
   = help: set `tls.cert_file` and `tls.key_file`

pipeline.toml: 1 warning
"#,
    );
    for listen in ["127.0.0.1:9465", "[::1]:9465", "/run/admin.sock"] {
        assert_eq!(warnings(&admin(listen)), "", "{listen}");
    }
}

#[test]
fn the_page_about_configuration_lists_every_kind_of_warning() {
    let Shape::Choice(choices) = Lint::shape() else {
        panic!("a choice");
    };
    let rows = choices.iter().map(|choice| {
        let text = paragraphs(choice.text).join(" ");
        format!("| `{}` | {text} |\n", choice.name)
    });
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let page = std::fs::read_to_string(page).unwrap();
    let table = page
        .split("| name | means |\n| --- | --- |\n")
        .nth(1)
        .unwrap();
    let table = table.split("\n\n").next().unwrap();
    assert_eq!(format!("{table}\n"), rows.collect::<String>());
}

#[test]
fn the_outbox_of_a_receiver_can_be_too_small() {
    let said = said_about(
        "pipeline.toml",
        "[receivers.monitor1_2]\nqueue = { records = 100 }\n[processors]\ncilium_decode = {}\n\
         l34_flow = {}\n[exporters.stdout]\n[service.pipelines.flows]\n\
         receivers = [\"monitor1_2\"]\nprocessors = [\"cilium_decode\", \"l34_flow\"]\n\
         exporters = [\"stdout\"]\n",
    );
    let expected = r#"
warning[queue_below_batch]: `queue.records` of the outbox is less than a batch
 --> pipeline.toml:2:21
  |
2 | queue = { records = 100 }
  |                     ^^^ a batch has up to 360 records
  |
  = note: a larger batch is accepted only when the queue is empty

pipeline.toml: 1 warning
"#;
    assert_eq!(said.trim(), expected.trim(), "\n--- was:\n{said}\n---");
}

#[test]
fn errors_and_warnings_are_counted_in_one_line() {
    let text = format!("[exporters.scrape]\n[processors.count]\n[receivers.soruce]\n{GOOD}");
    let said = try_load(&text).err().unwrap();
    let last = said.lines().last().unwrap();
    assert_eq!(last, "pipeline.toml: 1 error, 3 warnings");
}
