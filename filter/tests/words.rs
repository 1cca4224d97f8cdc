//! Words of a command line.

use tidegate_filter::{Filters, Flag, FlagValue, FlowFilter};

fn filters(line: &str) -> Filters {
    Filters::from_line(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn error(line: &str) -> String {
    match Filters::from_line(line) {
        Ok(filters) => panic!("{line}: {filters:?}"),
        Err(error) => error.to_string(),
    }
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|text| (*text).to_owned()).collect()
}

fn pods(source: &[&str], destination: &[&str]) -> FlowFilter {
    FlowFilter {
        source_pod: texts(source),
        destination_pod: texts(destination),
        ..FlowFilter::default()
    }
}

#[test]
fn no_words_are_no_filters() {
    assert!(filters("").is_empty());
    assert!(filters(" \n\t# a comment\n").is_empty());
}

#[test]
fn words_are_split_as_by_a_shell_and_flags_have_the_usual_forms() {
    let expected = FlowFilter {
        ip_version: vec![1, 2],
        ..pods(&["a b/c"], &[])
    };
    for line in [
        "-4 -6 --from-pod 'a b/c'",
        "-46 --from-pod=a\\ b/c",
        "--ipv4 --ipv6=v6\n  --from-pod \"a b/c\" # the cart",
    ] {
        assert_eq!(
            filters(line).allow,
            std::slice::from_ref(&expected),
            "{line}"
        );
    }
    for line in [
        "-n a",
        "-na",
        "-n=a",
        "--namespace a",
        "--namespace=a",
        "-n 'a'",
    ] {
        let expected = [pods(&["a/"], &[]), pods(&[], &["a/"])];
        assert_eq!(filters(line).allow, expected, "{line}");
    }
}

#[test]
fn flags_of_either_side_make_two_filters() {
    let sides = |allow: &[FlowFilter]| {
        Vec::from_iter(allow.iter().map(|filter| {
            let ports = (filter.source_port.clone(), filter.destination_port.clone());
            (ports, filter.protocol.clone())
        }))
    };
    let udp = texts(&["udp"]);
    let expected = [
        ((texts(&["53", "54"]), vec![]), udp.clone()),
        ((vec![], texts(&["53", "54"])), udp.clone()),
    ];
    let both = filters("--port 53 --protocol udp --port 54");
    assert_eq!(sides(&both.allow), expected);
    let one = filters("--to-port 53 --protocol udp");
    assert_eq!(sides(&one.allow), [((vec![], texts(&["53"])), udp)]);
}

#[test]
fn namespaces_are_combined_with_pods_and_services() {
    let cases: [(&str, Vec<FlowFilter>); 6] = [
        (
            "-n a --pod p",
            vec![pods(&["a/p"], &[]), pods(&[], &["a/p"])],
        ),
        (
            "-n a -n b --pod p",
            vec![pods(&["a/p", "b/p"], &[]), pods(&[], &["a/p", "b/p"])],
        ),
        ("--from-namespace a --to-pod p", vec![pods(&["a/"], &["p"])]),
        (
            "--from-namespace a --to-namespace b",
            vec![pods(&["a/"], &["b/"])],
        ),
        ("-A", vec![pods(&["/"], &[]), pods(&[], &["/"])]),
        (
            "--from-all-namespaces --from-pod p",
            vec![pods(&["/p"], &[])],
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(filters(line).allow, expected, "{line}");
    }
    assert_eq!(
        error("--pod p --pod a/q -n a -n b"),
        "namespace conflict: \"b\" does not contain \"a/q\""
    );
    let service = filters("--from-namespace a --from-service s");
    assert_eq!(service.allow[0].source_service, ["a/s"]);
    assert_eq!(service.allow[0].source_pod, [""; 0]);
}

#[test]
fn not_adds_the_next_filter_to_the_deny_list() {
    let Filters { allow, deny } = filters("--not --to-port 1 --to-port 2 --not --to-port 3");
    assert_eq!(allow[0].destination_port, ["2"]);
    assert_eq!(deny[0].destination_port, ["1", "3"]);
    assert_eq!((allow.len(), deny.len()), (1, 1));
    assert_eq!(
        error("--not --not --to-port 1"),
        "consecutive --not statements"
    );
    assert_eq!(
        error("--to-port 1 --not"),
        "trailing --not found in the arguments"
    );
}

#[test]
fn json_is_added_to_the_lists_and_not_negated() {
    let Filters { allow, deny } =
        filters(r#"--not --allowlist '{"uuid":["a"]} {"uuid":["b"]}' --uuid c --denylist {}"#);
    let uuids: Vec<_> = allow.iter().map(|filter| filter.uuid.clone()).collect();
    assert_eq!(uuids, [texts(&["a"]), texts(&["b"])]);
    let uuids: Vec<_> = deny.iter().map(|filter| filter.uuid.clone()).collect();
    assert_eq!(uuids, [texts(&["c"]), vec![]]);
    assert!(
        error("--allowlist '{'").starts_with("invalid --allowlist flag: failed to decode '{': EOF"),
        "{}",
        error("--allowlist '{'")
    );
}

#[test]
fn every_flag_makes_a_filter_and_no_name_or_letter_is_used_twice() {
    let values = [
        ("type", "drop"),
        ("verdict", "DROPPED"),
        ("drop-reason-desc", "POLICY_DENIED"),
        ("traffic-direction", "egress"),
        ("tcp-flags", "syn"),
        ("ip-trace-id", "1"),
        ("identity", "1"),
        ("from-identity", "1"),
        ("to-identity", "1"),
        ("http-header", "a:b"),
        ("allowlist", "{}"),
        ("denylist", "{}"),
    ];
    let mut names = Vec::new();
    for flag in Flag::all() {
        names.push(flag.name.to_owned());
        names.extend(flag.short.map(String::from));
        assert!(
            !flag.help.is_empty() && !flag.help.ends_with('.'),
            "{}",
            flag.name
        );
        if flag.name == "not" {
            continue;
        }
        let value = values.iter().find(|(name, _)| *name == flag.name);
        let value = value.map_or("x", |(_, value)| *value);
        let value = matches!(flag.value, FlagValue::Required(_)).then_some(value);
        let made = Filters::from_words([(flag.name, value)]).unwrap_or_else(|e| panic!("{e}"));
        assert!(!made.is_empty(), "{}", flag.name);
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
    // As many as Hubble 1.19.4 has, with `--allowlist` and `--denylist`.
    assert_eq!(Flag::all().count(), 60);
}

#[test]
fn flags_that_exclude_each_other_are_refused_in_one_list() {
    let pod = Flag::by_name("pod").unwrap_or_else(|| panic!("there is --pod"));
    let conflicts: Vec<_> = pod.conflicts().collect();
    for (name, pair) in [
        ("from-pod", "--from-pod and --pod"),
        ("to-pod", "--to-pod and --pod"),
        ("ip", "--ip and --pod"),
        ("from-ip", "--from-ip and --pod"),
        ("to-fqdn", "--to-fqdn and --pod"),
    ] {
        assert!(conflicts.contains(&name), "{name}");
        let expected = format!("filters {pair} cannot be combined");
        assert_eq!(error(&format!("--pod a --{name} 1.1.1.1")), expected);
        assert_eq!(error(&format!("--not --{name} 1 --not --pod a")), expected);
        assert!(!filters(&format!("--pod a --not --{name} 1")).is_empty());
    }
    assert!(!conflicts.contains(&"namespace"));
}

#[test]
fn what_is_no_flag_is_explained() {
    let cases = [
        (
            "--to_port 53",
            "unknown flag: --to_port; did you mean --to-port?",
        ),
        (
            "--Verdict DROPPED",
            "unknown flag: --Verdict; did you mean --verdict?",
        ),
        (
            "--drop DROPPED",
            "unknown flag: --drop; did you mean --drop-reason-desc?",
        ),
        ("--colour red", "unknown flag: --colour"),
        ("-x", "unknown shorthand flag: 'x' in -x"),
        ("-4x", "unknown shorthand flag: 'x' in -4x"),
        (
            "53",
            "unexpected word `53`: filters are flags such as --to-port 53",
        ),
        (
            "-",
            "unexpected word `-`: filters are flags such as --to-port 53",
        ),
        ("--to-port", "flag needs an argument: --to-port <PORT>"),
        ("-n", "flag needs an argument: --namespace <NAMESPACE>"),
        (
            "--encrypted=false",
            "--encrypted takes no value, and has `false`",
        ),
        (
            "--to-port '53",
            "a quote or a backslash is not closed in: --to-port '53",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(error(line), expected, "{line}");
    }
}
