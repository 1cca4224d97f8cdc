//! Variables of the environment, and what is said about those that cannot be replaced.

use super::{GOOD, complains_about, good};

#[test]
fn a_variable_that_is_set_and_empty_counts_as_unset_where_a_default_follows() {
    for (text, name) in [
        ("${env:EMPTY:-n1}", "n1"),
        ("${env:NO_SUCH:-n1}", "n1"),
        ("${env:NO_SUCH-n1}", "n1"),
        ("n${env:EMPTY-1}", "n"),
        ("n${env:EMPTY}", "n"),
        ("${env:EMPTY:-${env:NO_SUCH:-n2}}", "n2"),
    ] {
        let config = good(&format!("service.node_name = \"{text}\"\n{GOOD}"));
        assert_eq!(config.service.node_name, name, "{text}");
    }
}

#[test]
fn a_variable_that_is_not_set() {
    complains_about(
        r#"service.node_name = "a-${env:NO_SUCH}"
"#,
        r#"
error: environment variable `NO_SUCH` is not set
 --> pipeline.toml:1:24
  |
1 | service.node_name = "a-${env:NO_SUCH}"
  |                        ^^^^^^^^^^^^^^
  |
  = help: set it, or give a default: `${env:NO_SUCH:-...}`
"#,
    );
}

#[test]
fn every_variable_that_is_not_set_shows_and_the_value_is_not_judged() {
    complains_about(
        r#"service.log_format = "${env:NO_SUCH}${env:NO_OTHER}"
"#,
        r#"
error: environment variable `NO_SUCH` is not set
 --> pipeline.toml:1:23
  |
1 | service.log_format = "${env:NO_SUCH}${env:NO_OTHER}"
  |                       ^^^^^^^^^^^^^^
  |
  = help: set it, or give a default: `${env:NO_SUCH:-...}`

error: environment variable `NO_OTHER` is not set
 --> pipeline.toml:1:37
  |
1 | service.log_format = "${env:NO_SUCH}${env:NO_OTHER}"
  |                                     ^^^^^^^^^^^^^^^
  |
  = help: set it, or give a default: `${env:NO_OTHER:-...}`
"#,
    );
}

#[test]
fn a_variable_in_the_form_of_another_program() {
    for (written, shown, better) in [
        ("${HOME}", "${HOME}", "${env:HOME}"),
        ("${ENV:HOME}", "${ENV:HOME}", "${env:HOME}"),
        ("${HOME:-/root}", "${HOME:-...}", "${env:HOME:-...}"),
    ] {
        complains_about(
            &format!("service.log_format = \"{written}\"\n"),
            &format!(
                r#"
error: cannot read `{shown}`
 --> pipeline.toml:1:23
  |
1 | service.log_format = "{written}"
  |                       {carets}
  |
  = help: write `{better}`; `$$` is a dollar sign
"#,
                carets = "^".repeat(written.len())
            ),
        );
    }
}

#[test]
fn a_variable_that_is_none() {
    for (written, title) in [
        ("${file:/etc/x}", "cannot read `${file:/etc/x}`"),
        ("${env:A:?must}", "cannot read `${env:A:-...}`"),
        ("${env:}", "cannot read `${env:}`"),
        ("${env:A", "a variable has no closing `}`"),
    ] {
        complains_about(
            &format!("service.log_format = \"{written}\"\n"),
            &format!(
                r#"
error: {title}
 --> pipeline.toml:1:23
  |
1 | service.log_format = "{written}"
  |                       {carets}
  |
  = help: write `${{env:NAME}}` or `${{env:NAME:-default}}`; `$$` is a dollar sign
"#,
                carets = "^".repeat(written.len())
            ),
        );
    }
}
