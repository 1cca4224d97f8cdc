//! The kinds as configuration sees them.

use crate::support::build;

#[test]
fn wrong_values_are_refused_with_their_key_or_their_range() {
    for (kind, config, expected) in [
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
        ("dns_flow", "{ pending = 0 }", "from 1 to 16777216"),
        ("http_flow", "{ pending = 99999999 }", "from 1 to 16777216"),
        ("http_flow", "{ hold = \"2h\" }", "hold"),
    ] {
        let message = build(kind, config).err().unwrap_or_default();
        assert!(message.contains(expected), "{config}: {message:?}");
    }
}
