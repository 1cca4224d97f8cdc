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

{config}: 2 errors
"
    );
    assert_eq!(validated.stderr, expected);
    assert_eq!((validated.code, validated.stdout.as_str()), (Some(78), ""));
    assert_eq!((run.code, run.stderr), (Some(78), expected));
}

/// Rules with a mistake each.
const WRONG_RULES: &str = r#"[processors.filter]
rules = [
{ name = "a b", action = "drop", flows = "" },
{ name = "b", action = "dorp", flows = "" },
{ name = "c" },
{ name = "d", action = "drop", any_of = [{ source_podd = ["x"] }] },
]
"#;

#[test]
fn every_mistake_in_a_list_of_tables_is_reported_at_its_place() {
    let dir = TestDir::new();
    let config = dir.replay(3, &["cilium_decode", "l34_flow"], "nop", WRONG_RULES);
    let text = std::fs::read_to_string(&config).unwrap();
    let config = config.to_str().unwrap();
    let stderr = tidegate(&["validate", "-c", config]).stderr;
    for (value, title) in [
        ("\"a b\"", "wrong value in `processors.filter.rules.name`"),
        (
            "\"dorp\"",
            "unknown value `dorp` in `processors.filter.rules.action`",
        ),
        (
            "{ name = \"c\" }",
            "`processors.filter.rules` requires the key `action`",
        ),
        (
            "source_podd",
            "unknown key `source_podd` in `processors.filter.rules.any_of`",
        ),
    ] {
        let before = &text[..text.find(value).unwrap()];
        let column = before.len() - before.rfind('\n').unwrap();
        let place = format!("{config}:{}:{column}\n", before.matches('\n').count() + 1);
        let error = stderr.split("\n\n").find(|error| error.contains(&place));
        assert!(error.is_some_and(|error| error.contains(title)), "{stderr}");
    }
    assert!(stderr.contains("did you mean `source_pod`?"), "{stderr}");
    assert!(stderr.contains(": 4 errors"), "{stderr}");
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
                "error: {} is not UTF-8: the first bad byte is in line 2, column 6\nhelp: save the file as UTF-8\n",
                binary.display()
            ),
        ),
        (
            &directory,
            format!(
                "error: cannot read {}: Is a directory (os error 21)\nhelp: name a file in the directory\n",
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

/// A file with two warnings.
fn doubtful(dir: &TestDir) -> String {
    let service = "[exporters.prometheus]\n[receivers.monitor1_2]\n";
    let config = dir.replay(3, &["cilium_decode", "l34_flow"], "nop", service);
    config.to_str().unwrap().to_owned()
}

#[test]
fn warnings_are_errors_only_if_they_are_denied() {
    let dir = TestDir::new();
    let config = doubtful(&dir);
    let shown = tidegate(&["validate", "-c", &config]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(
        shown
            .stdout
            .contains("good: 1 pipeline, 1 receiver, 2 processors, 1 exporter\n")
    );
    assert_eq!(
        shown.stderr.matches("warning[unused_component]: ").count(),
        2
    );
    let last = shown.stderr.lines().last();
    assert_eq!(last, Some(&*format!("{config}: 2 warnings")));

    let denied = tidegate(&["validate", "-c", &config, "--deny-warnings"]);
    assert_eq!((denied.code, &*denied.stdout), (Some(78), ""));
    assert_eq!(
        denied.stderr.matches("error[unused_component]: ").count(),
        2
    );
    let last = denied.stderr.lines().last();
    assert_eq!(last, Some(&*format!("{config}: 2 errors")));

    let allow = ["--allow", "unused_component"];
    let options = ["validate", "-c", &config, "--deny-warnings"];
    let allowed = tidegate(&[&options[..], &allow].concat());
    assert_eq!((allowed.code, &*allowed.stderr), (Some(0), ""));
    let unknown = tidegate(&["validate", "-c", &config, "--allow", "unused_components"]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("'unused_component'"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn run_shows_the_warnings_once_and_does_not_run_what_is_unused() {
    let dir = TestDir::new();
    let output = tidegate(&["run", "-c", &doubtful(&dir)]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(
        output.stderr.matches("warning[unused_component]: ").count(),
        2
    );
    let ledger = output.stderr.rsplit_once("warnings").unwrap().1;
    assert!(
        !ledger.contains("prometheus") && !ledger.contains("monitor1_2"),
        "{ledger}"
    );
}
