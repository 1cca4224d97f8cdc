//! Identities of prefixes, announced and seen in every order, compared with a list of what is
//! announced.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::support::{AS_HUBBLE, Enrich};

/// Overlapping prefixes and their labels.
const PREFIXES: [(&str, &str); 6] = [
    ("10.0.0.0/8", "cidr:10.0.0.0/8"),
    ("10.1.0.0/16", "cidr:10.1.0.0/16"),
    ("10.1.2.3/32", "cidr:10.1.2.3/32"),
    ("0.0.0.0/1", "cidr:0.0.0.0/1"),
    ("fd00::/16", "cidr:fd00--0/16"),
    ("fd00::1/128", "cidr:fd00--1/128"),
];
const ADDRESSES: [&str; 3] = ["10.1.2.3", "192.0.2.1", "fd00::1"];

fn identity(number: u8) -> u32 {
    16_777_217 + u32::from(number)
}

#[derive(Clone, Debug)]
enum Action {
    Announce(usize, u8),
    Withdraw(usize),
    /// A flow shows the identity of the world for IPv6, or for IPv4.
    World(bool),
}

fn action() -> impl Strategy<Value = Action> {
    let prefix = 0..PREFIXES.len();
    prop_oneof![
        4 => (prefix.clone(), 0..3_u8).prop_map(|(prefix, number)| Action::Announce(prefix, number)),
        2 => prefix.prop_map(Action::Withdraw),
        1 => any::<bool>().prop_map(Action::World),
    ]
}

/// What a flow shows of an identity at an address, according to the list of announced prefixes.
fn expected(announced: &BTreeMap<usize, u8>, number: u8, ip: &str, is_dual_stack: bool) -> String {
    let labels = |v6: bool| {
        let prefixes = announced.iter().filter(move |(prefix, identity)| {
            **identity == number && PREFIXES[**prefix].0.contains(':') == v6
        });
        prefixes
            .map(|(prefix, _)| PREFIXES[*prefix].1)
            .collect::<Vec<_>>()
    };
    let at_v6 = ip.contains(':');
    let v6 = match (labels(false).is_empty(), labels(true).is_empty()) {
        (false, true) => false,
        (true, false) => true,
        _ => at_v6,
    };
    let cidr = if let [only] = labels(v6)[..] {
        format!("{only},")
    } else {
        String::new()
    };
    let world = match (is_dual_stack, v6) {
        (false, _) => "",
        (true, false) => "-ipv4",
        (true, true) => "-ipv6",
    };
    format!("0/{} - - [{cidr}reserved:world{world}]", identity(number))
}

proptest! {
    #[test]
    fn labels_follow_from_the_announced_prefixes(
        actions in proptest::collection::vec(action(), 0..40),
    ) {
        let mut enrich = Enrich::new(AS_HUBBLE);
        let mut announced = BTreeMap::new();
        let mut is_dual_stack = false;
        for action in actions {
            match action {
                Action::Announce(prefix, number) => {
                    enrich.upserted(PREFIXES[prefix].0, identity(number), "", "");
                    announced.insert(prefix, number);
                }
                Action::Withdraw(prefix) => {
                    enrich.deleted(PREFIXES[prefix].0);
                    announced.remove(&prefix);
                }
                Action::World(v6) => {
                    enrich.source("198.51.100.1", if v6 { 10 } else { 9 });
                    is_dual_stack = true;
                }
            }
            for ip in ADDRESSES {
                for number in 0..3 {
                    let expected = expected(&announced, number, ip, is_dual_stack);
                    prop_assert_eq!(enrich.source(ip, identity(number)), expected);
                }
            }
        }
    }
}
