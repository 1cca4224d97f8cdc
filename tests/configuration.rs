//! Valid and invalid configuration files.

use crate::support::{TestDir, tidegate};

#[test]
fn validate_and_run_report_the_same_errors() {
    let dir = TestDir::new();
    let config = dir.write("bad.toml", "[receivers.monitor1_2]\nsokcet = \"/run/x\"\n");
    let config = config.to_str().unwrap();
    let [validated, run] = ["validate", "run"].map(|verb| tidegate(&[verb, "-c", config]));
    let expected = format!(
        "\
error: `receivers.monitor1_2` is not used by any pipeline
 --> {config}:1:12
  |
1 | [receivers.monitor1_2]
  |            ^^^^^^^^^^
  |
  = help: add \"monitor1_2\" to the `receivers` of a pipeline, or remove it

error: unknown key `sokcet` in `receivers.monitor1_2`
 --> {config}:2:1
  |
2 | sokcet = \"/run/x\"
  | ^^^^^^
  |
  = help: did you mean `socket`?

error: there is no pipeline
 --> {config}:2:19
  |
2 | sokcet = \"/run/x\"
  |                  ^
  |
  = help: add a table [service.pipelines.NAME] with the lists `receivers`, `processors` and `exporters`

{config}: 3 errors
"
    );
    assert_eq!(validated.stderr, expected);
    assert_eq!((validated.code, validated.stdout.as_str()), (Some(78), ""));
    assert_eq!((run.code, run.stderr), (Some(78), expected));
}

#[test]
fn an_unreadable_file_is_distinguished_from_an_invalid_one() {
    let dir = TestDir::new();
    let missing = dir.path("missing.toml");
    let binary = dir.write("binary.toml", b"a = 1\nb = \"\xff\"\n");
    let directory = dir.path("");
    let cases = [
        (
            &missing,
            format!(
                "error: cannot read {}: No such file or directory (os error 2)\nhelp: name a configuration file with `--config FILE`\n",
                missing.display()
            ),
        ),
        (
            &binary,
            format!(
                "error: {} is not UTF-8: the first bad byte is in line 2, column 6\n",
                binary.display()
            ),
        ),
        (
            &directory,
            format!(
                "error: cannot read {}: Is a directory (os error 21)\n",
                directory.display()
            ),
        ),
    ];
    for (path, expected) in cases {
        let output = tidegate(&["validate", "-c", path.to_str().unwrap()]);
        assert_eq!((output.code, output.stderr), (Some(78), expected));
    }
}

#[test]
fn validate_summarizes_a_valid_file() {
    let dir = TestDir::new();
    let config = dir.replay(0, &["cilium_decode", "l34_flow"], "nop", "");
    let config = config.to_str().unwrap();
    let output = tidegate(&["validate", "--config", config]);
    let counted = format!("{config}: good: 1 pipeline, 1 receiver, 2 processors, 1 exporter\n");
    let policies = "  exporters.nop: when_full: block (auto: every receiver can wait)\n";
    assert_eq!(output.stdout, counted + policies);
}
