//! The man pages.

use std::process::Command;

use crate::support::{TestDir, tidegate};

/// The verbs in the help, without `help` itself.
fn verbs() -> Vec<String> {
    let help = tidegate(&["--help"]).stdout;
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    list.lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|verb| verb != "help")
        .collect()
}

#[test]
fn every_verb_has_a_page() {
    let dir = TestDir::new();
    let folder = dir.path("man/man1");
    let output = tidegate(&["man".as_ref(), "--out".as_ref(), folder.as_os_str()]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let root = std::fs::read_to_string(folder.join("tidegate.1")).unwrap();
    for verb in verbs() {
        let page = std::fs::read_to_string(folder.join(format!("tidegate-{verb}.1"))).unwrap();
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXIT STATUS",
            "ENVIRONMENT",
        ] {
            let section = match section.contains(' ') {
                true => format!(".SH \"{section}\""),
                false => format!(".SH {section}"),
            };
            assert!(
                page.lines().any(|line| line == section),
                "{verb}: {section}\n{page}"
            );
        }
        let named = format!("tidegate\\-{verb}");
        assert!(root.contains(&named), "{named} in\n{root}");
        assert_eq!(tidegate(&["man", &verb]).stdout, page);
    }
    assert_eq!(tidegate(&["man"]).stdout, root);
    for part in [
        "TIDEGATE_CONFIG",
        "/etc/tidegate/pipeline.toml",
        "78",
        "SEE ALSO",
    ] {
        assert!(root.contains(part), "{part}\n{root}");
    }
}

#[test]
fn commands_of_verbs_have_pages_and_unknown_verbs_have_none() {
    let dir = TestDir::new();
    let folder = dir.path("man1");
    tidegate(&["man".as_ref(), "--out".as_ref(), folder.as_os_str()]);
    let flows = tidegate(&["man", "observe", "flows"]).stdout;
    let written = std::fs::read_to_string(folder.join("tidegate-observe-flows.1")).unwrap();
    assert_eq!(written, flows);
    assert!(!folder.join("tidegate-observe-help.1").exists());
    let unknown = tidegate(&["man", "walk"]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("there is no verb `walk`"),
        "{}",
        unknown.stderr
    );
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test is reported")]
fn the_pages_are_rendered_without_warnings() {
    if Command::new("groff").arg("--version").output().is_err() {
        eprintln!("skipped: groff is not installed (Debian: apt-get install groff)");
        return;
    }
    let dir = TestDir::new();
    let folder = dir.path("man1");
    tidegate(&["man".as_ref(), "--out".as_ref(), folder.as_os_str()]);
    for page in std::fs::read_dir(folder).unwrap() {
        let page = page.unwrap().path();
        let output = Command::new("groff")
            .args(["-man", "-Tutf8", "-ww", "-rLL=100n", "-P-cbou"])
            .arg(&page)
            .output()
            .unwrap();
        let warnings = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && warnings.is_empty(),
            "{}: {warnings}",
            page.display()
        );
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            text.contains("EXIT STATUS") && text.contains("tidegate"),
            "{text}"
        );
    }
}
