//! Old names of keys.

use super::{GOOD, complains, warnings, warns};

#[test]
fn an_old_name_is_accepted_with_a_warning_that_shows_the_new_line() {
    let text = r#"[receivers.source]
path = "/run/x" # here
[exporters.sink]
tls = { certificate = "a", private_key = "b" }
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink"]
"#;
    let expected = r#"
warning[renamed_key]: `path` in `receivers.source` has been renamed to `socket`
 --> pipeline.toml:2:1
  |
2 | path = "/run/x" # here
  | ^^^^
  |
  = note: the old name is accepted until 0.5.0
help: use the new name
  |
2 - path = "/run/x" # here
2 + socket = "/run/x" # here
  |

warning[renamed_key]: `private_key` in `exporters.sink.tls` has been renamed to `key`
 --> pipeline.toml:4:28
  |
4 | tls = { certificate = "a", private_key = "b" }
  |                            ^^^^^^^^^^^
  |
  = note: the old name is accepted until 0.5.0
help: use the new name
  |
4 - tls = { certificate = "a", private_key = "b" }
4 + tls = { certificate = "a", key = "b" }
  |

pipeline.toml: 2 warnings
"#;
    warns(text, expected);
}

#[test]
fn both_names_at_once_are_an_error() {
    complains(
        r#"[receivers.source]
path = "/run/x"
socket = "/run/y"
[exporters.sink]
[service.pipelines.flows]
receivers = ["source"]
exporters = ["sink"]
"#,
        r#"
error: `path` and `socket` in `receivers.source` are the same key
 --> pipeline.toml:2:1
  |
2 | path = "/run/x"
  | ^^^^
3 | socket = "/run/y"
  | ------ its current name
  |
  = help: remove `path`
"#,
    );
}

#[test]
fn a_file_without_old_names_has_no_warnings() {
    assert_eq!(warnings(GOOD), "");
}
