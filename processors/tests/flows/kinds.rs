//! The kinds as configuration sees them.

use crate::support::build;
use tidegate_processors::KINDS;

/// The keys that the parser itself knows, read from its complaint about one that it does not.
fn parsed_keys(kind: &str) -> Vec<String> {
    let complaint = build(kind, "{ no_such_key = 1 }")
        .err()
        .expect("an unknown key is refused");
    let known = complaint
        .split_once("expected")
        .map_or("", |(_, known)| known);
    known
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_documented_keys_are_those_that_are_parsed() {
    for kind in KINDS {
        let documented: Vec<_> = kind.keys.iter().map(|key| key.name.to_owned()).collect();
        assert_eq!(documented, parsed_keys(kind.name), "{}", kind.name);
    }
}

#[test]
fn documented_defaults_are_accepted() {
    for kind in KINDS {
        for key in kind.keys.iter().filter(|key| !key.default.is_empty()) {
            let config = format!("{{ {} = {} }}", key.name, key.default);
            assert_eq!(
                build(kind.name, &config).err(),
                None,
                "{}: {config}",
                kind.name
            );
        }
    }
}

#[test]
fn values_that_make_no_sense_name_their_key() {
    for (kind, config, key) in [
        (
            "cilium_decode",
            "{ cilium_version = \"latest\" }",
            "cilium_version",
        ),
        (
            "cilium_decode",
            "{ cilium_version = \"1\" }",
            "cilium_version",
        ),
        (
            "cilium_decode",
            "{ cilium_version = \"1.x\" }",
            "cilium_version",
        ),
        (
            "cilium_decode",
            "{ cilium_version = \"1.18.x\" }",
            "cilium_version",
        ),
        (
            "cilium_decode",
            "{ cilium_version = \"1.18.3.1\" }",
            "cilium_version",
        ),
        (
            "cilium_decode",
            "{ cilium_version = \"1.11.20\" }",
            "cilium_version",
        ),
        ("dns_flow", "{ pending = 0 }", "pending"),
        ("http_flow", "{ pending = 99999999 }", "pending"),
        ("http_flow", "{ hold = \"2h\" }", "hold"),
    ] {
        let message = build(kind, config).err().unwrap_or_default();
        assert!(message.starts_with(key), "{config}: {message:?}");
    }
}
