//! How long names are kept, and how many.

use super::*;

const ADDRESS: Address = Address([1; 16]);

fn second(second: u64) -> Timestamp {
    Timestamp(second * 1_000_000_000)
}

fn add(names: &mut DnsNames, endpoint: u16, address: Address, name: &str, expires: u64) -> bool {
    let expires = second(expires);
    names.add((endpoint, address), &Arc::from(name), expires, 8192, |_| ())
}

#[test]
fn only_the_endpoint_that_asked_knows_the_names_of_an_address() {
    let mut names = DnsNames::default();
    assert!(add(&mut names, 1, ADDRESS, "b.test", 60));
    assert!(add(&mut names, 1, ADDRESS, "a.test", 60));
    assert!(!add(&mut names, 1, ADDRESS, "a.test", 90), "it is known");
    assert!(add(&mut names, 2, ADDRESS, "c.test", 60));
    assert_eq!(
        names.names(1, ADDRESS),
        Some(vec!["a.test".to_owned(), "b.test".to_owned()])
    );
    assert_eq!(names.names(2, ADDRESS), Some(vec!["c.test".to_owned()]));
    assert_eq!(names.names(3, ADDRESS), None);
    assert_eq!(names.remove_endpoint(1), [ADDRESS]);
    assert_eq!(names.names(1, ADDRESS), None);
    assert!(names.has(ADDRESS));
    assert_eq!(names.remove_endpoint(2), [ADDRESS]);
    assert!(!names.has(ADDRESS));
    assert_eq!(names.len(), 0);
}

#[test]
fn a_name_is_kept_for_as_long_as_flows_show_it() {
    let mut names = DnsNames::default();
    add(&mut names, 1, ADDRESS, "short.test", 60);
    add(&mut names, 1, ADDRESS, "long.test", 300);
    let mut checked = 0;
    let mut expire = |names: &mut DnsNames, at| names.expire(second(at), |_| checked += 1);
    expire(&mut names, 59);
    assert_eq!(names.names(1, ADDRESS).map(|names| names.len()), Some(2));
    expire(&mut names, 60);
    assert_eq!(names.deadline(), Some(second(120)), "a flow shows them");
    expire(&mut names, 120);
    assert_eq!(names.names(1, ADDRESS), Some(vec!["long.test".to_owned()]));
    expire(&mut names, 300);
    assert_eq!(names.deadline(), Some(second(360)));
    expire(&mut names, 360);
    assert_eq!((names.len(), names.deadline()), (0, None));
    assert_eq!(checked, 4, "each check lets flows note their use again");
}

#[test]
fn the_numbers_of_names_and_addresses_are_limited() {
    let mut names = DnsNames::default();
    let address = |number: u16| {
        let [high, low] = number.to_be_bytes();
        Address::v4([203, 0, high, low])
    };
    for number in 0..1001 {
        add(&mut names, 1, address(number), "a.test", 60);
    }
    assert_eq!(names.len(), 1000);
    assert_eq!(names.names(1, address(0)), None, "the oldest is removed");
    for number in 0..20 {
        add(
            &mut names,
            1,
            ADDRESS,
            &format!("{number}.test"),
            60 + number,
        );
    }
    let shown = names.names(1, ADDRESS).unwrap_or_default();
    assert_eq!(shown.len(), 16);
    assert!(!shown.contains(&"3.test".to_owned()), "they expire first");

    let mut names = DnsNames::default();
    let mut removed = Vec::new();
    for number in 0..4 {
        let expires = second(100 - u64::from(number));
        let pair = (number, address(number));
        names.add(pair, &Arc::from("a.test"), expires, 2, |address| {
            removed.push(address)
        });
    }
    assert_eq!(removed, [address(1), address(2)], "they expire first");
    assert_eq!(names.len(), 2);
}

#[test]
fn answers_with_long_times_to_live_leave_no_deadlines_of_removed_pairs() {
    let mut names = DnsNames::default();
    for number in 0..20_000_u32 {
        let address = Address::v4(number.to_be_bytes());
        add(&mut names, 1, address, "many.test", 2_000_000_000);
    }
    assert_eq!(names.len(), MAX_ADDRESSES);
    assert!(names.deadlines.len() <= 2 * MAX_ADDRESSES + SPARE_DEADLINES);
    let mut expired = 0;
    names.expire(second(2_000_000_000), |_| expired += 1);
    assert!(expired >= MAX_ADDRESSES);
    assert_eq!((names.len(), names.deadline()), (0, None));
}
