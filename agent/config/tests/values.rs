//! Mistakes in keys and values.

use super::{GOOD, complains, complains_about, try_load};

#[test]
fn an_unknown_key_with_a_near_one() {
    complains(
        r#"[receivers.source]
sokcet = "/run/x"
[exporters.sink]
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink"]
"#,
        r#"
error: unknown key `sokcet` in `receivers.source`
 --> pipeline.toml:2:1
  |
2 | sokcet = "/run/x"
  | ^^^^^^
  |
  = help: did you mean `socket`?
"#,
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn all_errors_of_a_component_show() {
    complains(
        r#"[receivers.source]
sokcet = "/run/x"
on_eof = "stopp"
rate = "fast"
wait = "10"
[exporters.sink]
listen = "node1:80"
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink"]
"#,
        r#"
error: unknown key `sokcet` in `receivers.source`
 --> pipeline.toml:2:1
  |
2 | sokcet = "/run/x"
  | ^^^^^^
  |
  = help: did you mean `socket`?

error: unknown value `stopp` in `receivers.source.on_eof`
 --> pipeline.toml:3:10
  |
3 | on_eof = "stopp"
  |          ^^^^^^^
  |
  = note: it can be `reconnect` or `stop`
  = help: did you mean `stop`?

error: wrong value in `receivers.source.rate`: the string "fast"
 --> pipeline.toml:4:8
  |
4 | rate = "fast"
  |        ^^^^^^ expected a whole number from 0 up

error: wrong value in `receivers.source.wait`: "10"
 --> pipeline.toml:5:8
  |
5 | wait = "10"
  |        ^^^^ expected a duration such as "10s", "250ms" or "5m"
  |
  = help: write "10s"

error: wrong value in `exporters.sink.listen`: `node1` is not an IP address
 --> pipeline.toml:7:10
  |
7 | listen = "node1:80"
  |          ^^^^^^^^^^
  |
  = help: write its IP address, as names are not looked up, or "0.0.0.0:80" for all IPv4 addresses; "localhost:80" is 127.0.0.1
"#,
    );
}

#[test]
fn all_errors_in_lists_and_inner_tables_show() {
    complains(
        r#"[receivers.source]
[exporters.sink]
labels = ["a", 3, "c", true]
tls = { certificate = 1, kee = "k" }
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink"]
"#,
        r#"
error: wrong value in `exporters.sink.labels`: 3
 --> pipeline.toml:3:16
  |
3 | labels = ["a", 3, "c", true]
  |                ^ expected a string

error: wrong value in `exporters.sink.labels`: true
 --> pipeline.toml:3:24
  |
3 | labels = ["a", 3, "c", true]
  |                        ^^^^ expected a string

error: wrong value in `exporters.sink.tls.certificate`: 1
 --> pipeline.toml:4:23
  |
4 | tls = { certificate = 1, kee = "k" }
  |                       ^ expected a string

error: unknown key `kee` in `exporters.sink.tls`
 --> pipeline.toml:4:26
  |
4 | tls = { certificate = 1, kee = "k" }
  |                          ^^^
  |
  = help: did you mean `key`?
"#,
    );
}

#[test]
fn a_value_that_is_wrong_all_over_is_not_read_to_its_end() {
    let labels = format!("[exporters.sink]\nlabels = [{}]\n", "1, ".repeat(20_000));
    let said = try_load(&GOOD.replace("[exporters.sink]\n", &labels)).err();
    let last = said.as_deref().and_then(|said| said.lines().last());
    assert_eq!(
        last,
        Some("pipeline.toml: 100 errors, of which the first 50 are shown")
    );
}

#[test]
fn a_key_far_from_any() {
    complains(
        r#"[receivers.source]
[processors.decode]
colour = "blue"
[exporters.sink]
colour = "blue"
[service.pipelines.flows]
receivers = ["source"]
processors = ["decode"]
exporters = ["sink"]
"#,
        r#"
error: unknown key `colour` in `processors.decode`
 --> pipeline.toml:3:1
  |
3 | colour = "blue"
  | ^^^^^^
  |
  = note: the keys here are `queue`

error: unknown key `colour` in `exporters.sink`
 --> pipeline.toml:5:1
  |
5 | colour = "blue"
  | ^^^^^^
  |
  = note: the keys here are `endpoint`, `listen`, `labels`, `tls`, `signals` and `queue`
"#,
    );
}

#[test]
fn a_missing_key() {
    complains(
        r#"[receivers.source]
[exporters.sink]
tls = { certificate = "c" }
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink"]
"#,
        r#"
error: `exporters.sink.tls` requires the key `key`
 --> pipeline.toml:3:7
  |
3 | tls = { certificate = "c" }
  |       ^^^^^^^^^^^^^^^^^^^^^
"#,
    );
}

#[test]
fn values_that_the_component_refuses() {
    complains(
        r#"[receivers.source]
[exporters.sink]
endpoint = "ftp://there"
[exporters."sink/many"]
labels = ["a", "b", "c"]
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink", "sink/many"]
"#,
        r#"
error: wrong value in `exporters.sink.endpoint`
 --> pipeline.toml:3:12
  |
3 | endpoint = "ftp://there"
  |            ^^^^^^^^^^^^^ exporters.sink cannot speak FTP; use http

error: wrong value in `exporters.sink/many.labels`
 --> pipeline.toml:5:10
  |
5 | labels = ["a", "b", "c"]
  |          ^^^^^^^^^^^^^^^ two at most
"#,
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn a_queue_is_checked_and_receivers_have_none() {
    complains(
        r#"[receivers.source]
queue = {}
[exporters.sink]
queue = { record = 5, records = 0, bytes = "64mb", when_full = "drop" }
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink"]
"#,
        r#"
error: unknown key `queue` in `receivers.source`
 --> pipeline.toml:2:1
  |
2 | queue = {}
  | ^^^^^
  |
  = note: the keys here are `socket`, `on_eof`, `rate`, `wait` and `live`

error: unknown key `record` in `exporters.sink.queue`
 --> pipeline.toml:4:11
  |
4 | queue = { record = 5, records = 0, bytes = "64mb", when_full = "drop" }
  |           ^^^^^^
  |
  = help: did you mean `records`?

error: wrong value in `exporters.sink.queue.records`: 0
 --> pipeline.toml:4:33
  |
4 | queue = { record = 5, records = 0, bytes = "64mb", when_full = "drop" }
  |                                 ^ expected a whole number from 1 up

error: wrong value in `exporters.sink.queue.bytes`: "64mb"
 --> pipeline.toml:4:44
  |
4 | queue = { record = 5, records = 0, bytes = "64mb", when_full = "drop" }
  |                                            ^^^^^^ expected a size such as "64MiB", "512KiB" or "1GB"
  |
  = help: write "64MB"

error: unknown value `drop` in `exporters.sink.queue.when_full`
 --> pipeline.toml:4:64
  |
4 | queue = { record = 5, records = 0, bytes = "64mb", when_full = "drop" }
  |                                                                ^^^^^^
  |
  = note: it can be `auto`, `block`, `drop_newest` or `drop_oldest`
"#,
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn the_service_table_is_checked() {
    complains_about(
        r#"service.grace_period = 10
service.grce = "10s"
service.telemetry.listen = "9464"
service.telemetry.port = 1
service.log = "info,tidegate=debgu"
service.log_format = "xml"
"#,
        r#"
error: wrong value in `service.grace_period`: 10
 --> pipeline.toml:1:24
  |
1 | service.grace_period = 10
  |                        ^^ expected a duration such as "10s", "250ms" or "5m"
  |
  = help: write "10s"

error: unknown key `grce` in `service`
 --> pipeline.toml:2:9
  |
2 | service.grce = "10s"
  |         ^^^^
  |
  = note: the keys here are `pipelines`, `telemetry`, `grace_period`, `node_name`, `cluster_name`, `log` and `log_format`

error: wrong value in `service.telemetry.listen`: the address has no host
 --> pipeline.toml:3:28
  |
3 | service.telemetry.listen = "9464"
  |                            ^^^^^^
  |
  = help: write "127.0.0.1:9464" for this host alone, "0.0.0.0:9464" for all IPv4 addresses, or "[::]:9464" for all addresses

error: unknown key `port` in `service.telemetry`
 --> pipeline.toml:4:19
  |
4 | service.telemetry.port = 1
  |                   ^^^^
  |
  = note: the keys here are `listen`, `allowed_hosts`, `admin` and `otlp`

error: wrong value in `service.log`: there is no level `debgu`
 --> pipeline.toml:5:15
  |
5 | service.log = "info,tidegate=debgu"
  |               ^^^^^^^^^^^^^^^^^^^^^
  |
  = note: levels are off, error, warn, info, debug, trace
  = help: did you mean `debug`?

error: unknown value `xml` in `service.log_format`
 --> pipeline.toml:6:22
  |
6 | service.log_format = "xml"
  |                      ^^^^^
  |
  = note: it can be `text` or `json`
"#,
    );
}

#[test]
fn the_admin_listener_is_checked() {
    complains_about(
        r#"[service.telemetry]
allowed_hosts = ["proxy.example", "http://proxy"]
[service.telemetry.admin]
listen = "0.0.0.0:9465"
allowed_hosts = ["a:80"]
tokens = "t"
[service]
"#,
        r#"
error: wrong value in `service.telemetry.allowed_hosts`
 --> pipeline.toml:2:35
  |
2 | allowed_hosts = ["proxy.example", "http://proxy"]
  |                                   ^^^^^^^^^^^^^^ not a host name or an IP address, without scheme and port

warning[plain_text_credentials]: tokens and flows can be read on the network
 --> pipeline.toml:4:10
  |
4 | listen = "0.0.0.0:9465"
  |          ^^^^^^^^^^^^^^ not a loopback address, and without TLS
  |
  = help: set `tls.cert_file` and `tls.key_file`

error: wrong value in `service.telemetry.admin.allowed_hosts`
 --> pipeline.toml:5:18
  |
5 | allowed_hosts = ["a:80"]
  |                  ^^^^^^ not a host name or an IP address, without scheme and port

error: unknown key `tokens` in `service.telemetry.admin`
 --> pipeline.toml:6:1
  |
6 | tokens = "*"
  | ^^^^^^
  |
  = help: did you mean `token`?
"#,
    );
}

#[test]
fn an_admin_listener_without_access_control() {
    complains_about(
        r#"[service.telemetry.admin]
listen = "0.0.0.0:9465"
[service]
"#,
        r#"
error: `service.telemetry.admin` would show every flow to anyone who can reach it
 --> pipeline.toml:2:10
  |
2 | listen = "0.0.0.0:9465"
  |          ^^^^^^^^^^^^^^ not a loopback address
  |
  = help: add `token_file = "/etc/tidegate/admin.token"`, or `tls` with `cert_file`, `key_file` and `client_ca_file`; or listen on "unix:/run/tidegate/admin.sock" or a loopback address
"#,
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn where_the_admin_listener_can_be() {
    complains_about(
        r#"[service.telemetry.admin]
listen = 9465
token = "two words"
[service]
"#,
        r#"
error: wrong value in `service.telemetry.admin.listen`: the address has no host
 --> pipeline.toml:2:10
  |
2 | listen = 9465
  |          ^^^^
  |
  = help: write "127.0.0.1:9465" for this host alone, "0.0.0.0:9465" for all IPv4 addresses, or "[::]:9465" for all addresses, or a path such as "unix:/run/tidegate/admin.sock"
"#,
    );
    complains_about(
        r#"[service.telemetry.admin]
listen = "localhost:9464"
[service]
"#,
        r#"
error: `service.telemetry` and `service.telemetry.admin` listen on the same port
 --> pipeline.toml:2:10
  |
2 | listen = "localhost:9464"
  |          ^^^^^^^^^^^^^^^^ 127.0.0.1:9464
  |
  = note: `service.telemetry` listens on 127.0.0.1:9464 by default
"#,
    );
    complains_about(
        r#"[service.telemetry.admin]
listen = "unix:/run/a.sock"
token = "two words"
tls = { cert_file = "c", key_file = "k" }
[service]
"#,
        r#"
error: wrong value in `service.telemetry.admin.token`
 --> pipeline.toml:3:9
  |
3 | token = "*********"
  |         ^^^^^^^^^^^ a token is printable ASCII without spaces

error: wrong value in `service.telemetry.admin.tls`
 --> pipeline.toml:4:7
  |
4 | tls = { cert_file = "c", key_file = "k" }
  |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a unix socket is local and has no TLS
"#,
    );
}

#[test]
fn a_refused_value_of_an_inner_table() {
    complains(
        r#"[receivers.source]
[exporters.sink]
tls.certificate = "a"
tls.key = "a"
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink"]
"#,
        r#"
error: wrong value in `exporters.sink.tls.key`
 --> pipeline.toml:4:11
  |
4 | tls.key = "a"
  |           ^^^ this is the certificate
"#,
    );
}
