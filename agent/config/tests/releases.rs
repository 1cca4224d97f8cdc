//! The release of Cilium, with the kinds of the agent.

use super::samples::said_about;

fn decode(version: &str) -> String {
    let text = format!(
        "[processors.cilium_decode]\ncilium_version = \"{version}\"\n[receivers.monitor1_2]\n\
         [processors.l34_flow]\n[exporters.stdout]\n[service.pipelines.flows]\n\
         receivers = [\"monitor1_2\"]\nprocessors = [\"cilium_decode\", \"l34_flow\"]\n\
         exporters = [\"stdout\"]\n"
    );
    said_about("pipeline.toml", &text)
}

#[test]
fn a_release_that_did_not_exist_yet() {
    let said = decode("2.0");
    let expected = r#"
warning[unknown_release]: Cilium 2.0 is not known to this version
 --> pipeline.toml:2:18
  |
2 | cilium_version = "2.0"
  |                  ^^^^^
  |
  = note: its events are read as those of 1.20

pipeline.toml: 1 warning
"#;
    assert_eq!(said.trim(), expected.trim(), "\n--- was:\n{said}\n---");
    for version in ["1.99", "v1.21.0-rc.1", "1.21"] {
        assert!(decode(version).contains("[unknown_release]"), "{version}");
    }
    for version in ["1.12", "1.19.4", "v1.20.0-dev", "1.20.3", ""] {
        assert_eq!(decode(version), "", "{version}");
    }
}
