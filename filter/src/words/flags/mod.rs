//! The table of flags.

mod endpoints;
mod events;
mod messages;

use super::flag::Effect::{Allowlist, Denylist, Not};
use super::flag::{Flag, FlagGroup};

/// All filter flags of `hubble observe`.
pub const FLAGS: &[FlagGroup] = &[
    FlagGroup {
        heading: "Combining filters",
        flags: &[
            Flag::switch(
                "not",
                "true",
                "Leaves out what the next filter selects; stands before each such filter",
                Not,
            ),
            Flag::new(
                "allowlist",
                "JSON",
                "Selects what a flow.FlowFilter in JSON does, such as '{\"verdict\":[\"DROPPED\"]}'",
                Allowlist,
            ),
            Flag::new(
                "denylist",
                "JSON",
                "Leaves out what a flow.FlowFilter in JSON selects",
                Denylist,
            ),
        ],
    },
    FlagGroup {
        heading: "Filters of events",
        flags: events::FLAGS,
    },
    FlagGroup {
        heading: "Filters of endpoints",
        flags: endpoints::FLAGS,
    },
    FlagGroup {
        heading: "Filters of messages",
        flags: messages::FLAGS,
    },
];

/// Groups of flags of which only one can be used, for those with `--not` and those without.
pub const CONFLICTS: &[&[&str]] = &[
    &[
        "from-fqdn",
        "from-ip",
        "ip",
        "fqdn",
        "from-namespace",
        "namespace",
        "from-all-namespaces",
        "all-namespaces",
    ],
    &["from-fqdn", "from-ip", "ip", "fqdn", "from-pod", "pod"],
    &[
        "to-fqdn",
        "to-ip",
        "ip",
        "fqdn",
        "to-namespace",
        "namespace",
        "to-all-namespaces",
        "all-namespaces",
    ],
    &["to-fqdn", "to-ip", "ip", "fqdn", "to-pod", "pod"],
    &["to-pod", "namespace", "all-namespaces"],
    &["from-pod", "namespace", "all-namespaces"],
    &["to-service", "namespace", "all-namespaces"],
    &["from-service", "namespace", "all-namespaces"],
    &["label", "from-label"],
    &["label", "to-label"],
    &["service", "from-service"],
    &["service", "to-service"],
    &["port", "to-port"],
    &["port", "from-port"],
    &["identity", "to-identity"],
    &["identity", "from-identity"],
    &["workload", "to-workload"],
    &["workload", "from-workload"],
    &["encrypted", "unencrypted"],
];
