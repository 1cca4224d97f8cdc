//! Identities of prefixes in every order in which they can be announced and seen, held to a list of
//! what is announced.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::support::Enrich;

/// Prefixes and addresses that overlap, with the label of each.
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
enum Step {
    Announce(usize, u8),
    Withdraw(usize),
    /// A flow of the world of one family.
    World(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let prefix = 0..PREFIXES.len();
    prop_oneof![
        4 => (prefix.clone(), 0..3_u8).prop_map(|(prefix, number)| Step::Announce(prefix, number)),
        2 => prefix.prop_map(Step::Withdraw),
        1 => any::<bool>().prop_map(Step::World),
    ]
}

/// What a flow at the address shows of an identity, by the list of what is announced.
fn expected(announced: &BTreeMap<usize, u8>, number: u8, ip: &str, is_dual_stack: bool) -> String {
    let of = |v6: bool| {
        let its = announced.iter().filter(move |(prefix, its)| {
            **its == number && PREFIXES[**prefix].0.contains(':') == v6
        });
        its.map(|(prefix, _)| PREFIXES[*prefix].1)
            .collect::<Vec<_>>()
    };
    let at_v6 = ip.contains(':');
    let v6 = match (of(false).is_empty(), of(true).is_empty()) {
        (false, true) => false,
        (true, false) => true,
        _ => at_v6,
    };
    let own = if let [only] = of(v6)[..] {
        format!("{only},")
    } else {
        String::new()
    };
    let world = match (is_dual_stack, v6) {
        (false, _) => "",
        (true, false) => "-ipv4",
        (true, true) => "-ipv6",
    };
    format!("0/{} - - [{own}reserved:world{world}]", identity(number))
}

proptest! {
    #[test]
    fn labels_are_those_of_what_is_announced(steps in proptest::collection::vec(step(), 0..40)) {
        let (mut enrich, mut announced, mut is_dual_stack) = (Enrich::new("{}"), BTreeMap::new(), false);
        for step in steps {
            match step {
                Step::Announce(prefix, number) => {
                    enrich.upserted(PREFIXES[prefix].0, identity(number), "", "");
                    announced.insert(prefix, number);
                }
                Step::Withdraw(prefix) => {
                    enrich.deleted(PREFIXES[prefix].0);
                    announced.remove(&prefix);
                }
                Step::World(v6) => {
                    enrich.side("198.51.100.1", if v6 { 10 } else { 9 });
                    is_dual_stack = true;
                }
            }
            for ip in ADDRESSES {
                for number in 0..3 {
                    let expected = expected(&announced, number, ip, is_dual_stack);
                    prop_assert_eq!(enrich.side(ip, identity(number)), expected);
                }
            }
        }
    }
}
