//! Configuration files that cannot be used.

use crate::support::{Place, tidegate};

#[test]
fn validate_and_run_say_the_same() {
    let place = Place::new();
    let config = place.write("bad.toml", "[receivers.monitor1_2]\nsokcet = \"/run/x\"\n");
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

error: there is no pipeline, so there is nothing to run
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
fn a_file_that_cannot_be_read_is_told_from_a_bad_one() {
    let place = Place::new();
    let missing = place.path("missing.toml");
    let binary = place.write("binary.toml", b"a = 1\nb = \"\xff\"\n");
    let directory = place.path("");
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
    for (path, said) in cases {
        let ended = tidegate(&["validate", "-c", path.to_str().unwrap()]);
        assert_eq!((ended.code, ended.stderr), (Some(78), said));
    }
}

#[test]
fn a_good_file_is_counted() {
    let place = Place::new();
    let config = place.replay(0, &["cilium_decode", "l34_flow"], "nop", "");
    let config = config.to_str().unwrap();
    let ended = tidegate(&["validate", "--config", config]);
    let counted = format!("{config}: good: 1 pipeline, 1 receiver, 2 processors, 1 exporter\n");
    let policies = "  exporters.nop: when_full: block (auto: every receiver can wait)\n";
    assert_eq!(ended.stdout, counted + policies);
}
