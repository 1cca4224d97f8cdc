//! Mistakes that are no valid TOML, and what is said about shapes.

use super::{complains, complains_about};

#[test]
fn every_syntax_error_shows() {
    complains(
        r#"[receivers.source
socket = "a"
[exporters.sink]
endpoint = x
listen = "a" "b"
"#,
        r#"
error: invalid TOML: unclosed table, expected `]`
 --> pipeline.toml:1:18
  |
1 | [receivers.source
  |                  ^

error: invalid TOML: string values must be quoted, expected literal string
 --> pipeline.toml:4:12
  |
4 | endpoint = x
  |            ^

error: invalid TOML: unexpected key or value, expected newline, `#`
 --> pipeline.toml:5:14
  |
5 | listen = "a" "b"
  |              ^
"#,
    );
}

#[test]
fn an_id_with_a_name_needs_quotes() {
    complains(
        r#"[exporters.sink/second]
"#,
        r#"
error: invalid TOML: invalid unquoted key, expected letters, numbers, `-`, `_`
 --> pipeline.toml:1:16
  |
1 | [exporters.sink/second]
  |                ^
  |
  = help: an id with a name needs quotes: [exporters."sink/second"]
"#,
    );
}

#[test]
fn a_key_that_is_given_twice() {
    complains_about(
        r#"service.log = "info"
service.log = "debug"
"#,
        r#"
error: invalid TOML: duplicate key
 --> pipeline.toml:2:9
  |
2 | service.log = "debug"
  |         ^^^
"#,
    );
}

#[test]
fn an_empty_file() {
    complains(
        r#""#,
        r#"
error: there is no pipeline
 --> pipeline.toml:1:1
  |
1 |
  | ^
  |
  = help: add a table [service.pipelines.NAME] with the lists `receivers`, `processors` and `exporters`
"#,
    );
}

#[test]
fn a_table_that_is_something_else() {
    complains(
        r#"receivers = 3
[exporters]
sink = "x"
[service.pipelines]
flows = []
"#,
        r#"
error: `receivers` must be a table
 --> pipeline.toml:1:13
  |
1 | receivers = 3
  |             ^ this is a number
  |
  = help: write [receivers.KIND]

error: `exporters.sink` must be a table
 --> pipeline.toml:3:8
  |
3 | sink = "x"
  |        ^^^ this is a string
  |
  = help: write [exporters.sink]

error: `service.pipelines.flows` must be a table
 --> pipeline.toml:5:9
  |
5 | flows = []
  |         ^^ this is a list
  |
  = help: write [service.pipelines.flows]
"#,
    );
}

#[test]
fn no_message_shows_a_secret() {
    for text in [
        "[exporters.sink]\nendpoint = \"http://alice:s3cret@127.0.0.1:4317\"\nlisten = 3",
        "[exporters.sink]\nendpoint = \"http://alice:s3cret@127.0.0.1:4317",
        "[exporters.sink]\nheaders = { authorization = \"Bearer s3cret\" }",
        "[exporters.sink]\nheaders = { authorization = \"Bearer s3cret }",
        "[exporters.sink]\ntls.certificate = { token = \"s3cret\" }",
        "[exporters.sink]\nlabels = { password = \"s3cret\" }",
        "[exporters.sink]\nlabels = [{ token = \"s3cret\" }, \"a\"]",
        "[exporters.sink]\nlisten = \"${env:API_TOKEN}\"\nlabels = \"${env:API_TOKEN}\"",
        "[receivers.source]\non_eof = \"${env:API_TOKEN}\"\nrate = \"${env:API_TOKEN}\"",
        "[exporters.sink]\nheaders = \"${API_TOKEN:-s3cret}\"",
        "[exporters.sink]\ntoken = \"${env:A B:-s3cret}\"",
        "[exporters.sink]\nheaders = \"s3cret\"\n[service]\nlog = \"${env:API_TOKEN}=x\"",
    ] {
        let said = super::try_load(text).err().expect("there is a mistake");
        assert!(
            !said.contains("s3cret") && said.contains("error: "),
            "{text}\n{said}"
        );
    }
}
