//! Mistakes in what is joined with what.

use super::complains;

#[test]
fn a_kind_that_does_not_exist() {
    complains(
        r#"[receivers.sorce]
[exporters.kafka]
[exporters."sink/a b"]
[service.pipelines.flows]
receivers = ["sorce"]
exporters = ["kafka", "sink/a b"]
"#,
        r#"
error: there is no kind of receivers called `sorce`
 --> pipeline.toml:1:12
  |
1 | [receivers.sorce]
  |            ^^^^^
  |
  = help: did you mean `source`?

error: there is no kind of exporters called `kafka`
 --> pipeline.toml:2:12
  |
2 | [exporters.kafka]
  |            ^^^^^
  |
  = note: the kinds of exporters are `sink` and `scrape`

error: `a b` is not a valid name
 --> pipeline.toml:3:12
  |
3 | [exporters."sink/a b"]
  |            ^^^^^^^^^^
  |
  = help: use letters, digits, `_` and `-` after the slash
"#,
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn ids_that_nothing_has() {
    complains(
        r#"[receivers.source]
[processors.decode]
[exporters.sink]
[service.pipelines.flows]
receivers = ["source", "source/b"]
processors = ["decodr", "count", "sink"]
exporters = ["sink", "scrap", "kafka"]
"#,
        r#"
error: the receiver `source/b` has no table
 --> pipeline.toml:5:24
  |
5 | receivers = ["source", "source/b"]
  |                        ^^^^^^^^^^
  |
  = help: add [receivers."source/b"], or did you mean `source`?

error: no processor has the id `decodr`
 --> pipeline.toml:6:15
  |
6 | processors = ["decodr", "count", "sink"]
  |               ^^^^^^^^
  |
  = help: did you mean `decode`?

error: the processor `count` has no table
 --> pipeline.toml:6:25
  |
6 | processors = ["decodr", "count", "sink"]
  |                         ^^^^^^^
  |
  = help: add [processors.count]; `tidegate components count` prints it with all keys

error: no processor has the id `sink`
 --> pipeline.toml:6:34
  |
6 | processors = ["decodr", "count", "sink"]
  |                                  ^^^^^^
  |
  = help: `sink` is an exporter; put it into that list

error: no exporter has the id `scrap`
 --> pipeline.toml:7:22
  |
7 | exporters = ["sink", "scrap", "kafka"]
  |                      ^^^^^^^
  |
  = help: did you mean the kind `scrape`? Add the table [exporters.scrape]

error: no exporter has the id `kafka`
 --> pipeline.toml:7:31
  |
7 | exporters = ["sink", "scrap", "kafka"]
  |                               ^^^^^^^
  |
  = note: the kinds of exporters are `sink` and `scrape`
"#,
    );
}

#[test]
fn an_id_that_stands_twice() {
    complains(
        r#"[receivers.source]
[exporters.sink]
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink", "sink"]
"#,
        r#"
error: `sink` is listed twice in `exporters`
 --> pipeline.toml:5:22
  |
5 | exporters = ["sink", "sink"]
  |              ------  ^^^^^^
  |              |
  |              first here
"#,
    );
}

#[test]
fn no_pipelines() {
    complains(
        r#"[service]
log = "info"
"#,
        r#"
error: there is no pipeline
 --> pipeline.toml:1:1
  |
1 | [service]
  | ^^^^^^^^^
  |
  = help: add a table [service.pipelines.NAME] with the lists `receivers`, `processors` and `exporters`
"#,
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn pipelines_without_ends() {
    complains(
        r#"[receivers.source]
[service.pipelines.flows]
receivers = []
exporters = []
[service.pipelines."a b"]
receivers = ["source"]
exporter = []
"#,
        r#"
error: `service.pipelines.flows` has no receivers
 --> pipeline.toml:3:13
  |
3 | receivers = []
  |             ^^ name at least one receiver

error: `service.pipelines.flows` has no exporters
 --> pipeline.toml:4:13
  |
4 | exporters = []
  |             ^^ name at least one exporter

error: `a b` is not a valid name for a pipeline
 --> pipeline.toml:5:20
  |
5 | [service.pipelines."a b"]
  |                    ^^^^^
  |
  = help: use letters, digits, `_` and `-`

error: unknown key `exporter` in `service.pipelines.a b`
 --> pipeline.toml:7:1
  |
7 | exporter = []
  | ^^^^^^^^
  |
  = help: did you mean `exporters`?

error: `service.pipelines.a b` has no exporters
 --> pipeline.toml:7:12
  |
7 | exporter = []
  |            ^^ name at least one exporter
"#,
    );
}

#[test]
fn a_processor_whose_input_nobody_makes() {
    complains(
        r#"[receivers.source]
[processors.flow]
[processors.count]
[exporters.sink]
[service.pipelines.flows]
receivers = ["source"]
processors = ["flow", "count"]
exporters = ["sink"]
"#,
        r#"
error: `processors.flow` gets no input in pipeline `flows`
 --> pipeline.toml:7:15
  |
7 | processors = ["flow", "count"]
  |               ^^^^^^ takes events, but gets frames
  |
  = help: add a processor of the kind `decode` before it
"#,
    );
}

#[test]
fn a_processor_that_stands_too_early() {
    complains(
        r#"[receivers.source]
[processors.flow]
[processors.decode]
[exporters.sink]
[service.pipelines.flows]
receivers = ["source"]
processors = ["flow", "decode"]
exporters = ["sink"]
"#,
        r#"
error: `processors.flow` gets no input in pipeline `flows`
 --> pipeline.toml:7:15
  |
7 | processors = ["flow", "decode"]
  |               ^^^^^^ takes events, but gets frames
  |
  = help: move `decode` before it
"#,
    );
}

#[test]
fn an_exporter_for_which_nothing_arrives() {
    complains(
        r#"[receivers.source]
[processors.decode]
[processors.flow]
[exporters.scrape]
[service.pipelines.flows]
receivers = ["source"]
processors = ["decode", "flow"]
exporters = ["scrape"]
"#,
        r#"
error: `exporters.scrape` gets no input in pipeline `flows`
 --> pipeline.toml:8:14
  |
8 | exporters = ["scrape"]
  |              ^^^^^^^^ takes metrics, but gets flows
  |
  = help: add a processor of the kind `count` before it
"#,
    );
}

#[test]
fn two_listeners_on_one_port() {
    complains(
        r#"[receivers.source]
[exporters.sink]
listen = "127.0.0.1:9464"
[exporters."sink/a"]
listen = "0.0.0.0:9000"
[exporters."sink/b"]
listen = "127.0.0.1:9000"
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink", "sink/a", "sink/b"]
"#,
        r#"
error: `service.telemetry` and `exporters.sink` listen on the same port
 --> pipeline.toml:3:10
  |
3 | listen = "127.0.0.1:9464"
  |          ^^^^^^^^^^^^^^^^ 127.0.0.1:9464
  |
  = note: `service.telemetry` listens on 127.0.0.1:9464 by default

error: `exporters.sink/a` and `exporters.sink/b` listen on the same port
 --> pipeline.toml:7:10
  |
5 | listen = "0.0.0.0:9000"
  |          -------------- 0.0.0.0:9000
6 | [exporters."sink/b"]
7 | listen = "127.0.0.1:9000"
  |          ^^^^^^^^^^^^^^^^ 127.0.0.1:9000
"#,
    );
}
