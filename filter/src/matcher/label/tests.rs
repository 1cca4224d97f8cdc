//! Selectors, compared with the rules of Kubernetes and Cilium.

use super::Selector;

const LABELS: [&str; 8] = [
    "any:zone=z1",
    "cidr:10.1.0.0/16",
    "cidr:fd00--/8",
    "k8s:app=web",
    "k8s:io.kubernetes.pod.namespace=shop",
    "k8s:size=12",
    "reserved:world",
    "topology.kubernetes.io/zone=eu-1a",
];

fn matches(selector: &str) -> bool {
    let labels = LABELS.map(str::to_owned);
    Selector::parse(selector)
        .unwrap_or_else(|error| panic!("{selector}: {error}"))
        .matches(&labels)
}

const SELECTORS: &[(&str, bool)] = &[
    ("", true),
    ("app", true),
    ("app=web", true),
    ("app==web", true),
    ("app = web", true),
    ("k8s:app=web", true),
    ("any:app=web", true),
    ("container:app=web", false),
    ("app=api", false),
    ("app=", false),
    ("app!=web", false),
    ("app!=api", true),
    ("other!=x", true),
    ("other=", false),
    ("!app", false),
    ("!other", true),
    ("! container:app", true),
    ("app in (api, web)", true),
    ("app in (api)", false),
    ("app in (,web)", true),
    ("other in ()", false),
    ("app notin (api)", true),
    ("app notin (web,)", false),
    ("other notin (x)", true),
    ("reserved:world", true),
    ("reserved:world=", true),
    ("reserved:host", false),
    ("world", true),
    ("zone=z1", true),
    ("any:zone=z1", true),
    ("k8s:zone=z1", false),
    ("size>11", true),
    ("size>12", false),
    ("size<13", true),
    ("app>1", false),
    ("other<1", false),
    ("k8s:io.kubernetes.pod.namespace=shop", true),
    ("io.kubernetes.pod.namespace=shop", true),
    ("app=web,size=12", true),
    ("app=web,size=13", false),
    ("app=web, !other", true),
    ("app in (web),zone in (z1,z2)", true),
    ("cidr:10.0.0.0/8", true),
    ("cidr:10.1.0.0/16", true),
    ("cidr:10.1.2.0/24", false),
    ("cidr:11.0.0.0/8", false),
    ("!cidr:11.0.0.0/8", true),
    ("in=in", false),
    ("topology.kubernetes.io/zone=eu-1a", true),
    ("unspec:topology.kubernetes.io/zone=eu-1a", true),
    ("k8s:topology.kubernetes.io/zone=eu-1a", false),
];

#[test]
fn selectors_match_labels_of_the_source_that_they_state() {
    for &(selector, expected) in SELECTORS {
        assert_eq!(matches(selector), expected, "{selector}");
    }
}

#[test]
fn an_endpoint_without_labels_matches_negative_selectors_only() {
    for (selector, expected) in [("", true), ("!app", true), ("app!=x", true), ("app", false)] {
        assert_eq!(
            Selector::parse(selector).unwrap().matches(&[]),
            expected,
            "{selector}"
        );
    }
}

const INVALID: &[(&str, &str)] = &[
    ("app=web,", "found '', expected: identifier after ','"),
    (
        "app web",
        "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt",
    ),
    (
        "app in web",
        "unable to parse requirement: found 'web' expected: '('",
    ),
    (
        "app in (a b)",
        "unable to parse requirement: found 'b', expected: ',' or ')'",
    ),
    (
        "app in (a",
        "unable to parse requirement: found '', expected: ',' or ')'",
    ),
    (
        "app in (a,(",
        "unable to parse requirement: found '(', expected: ',', ')' or identifier",
    ),
    ("!app=x", "found '=', expected: ',' or 'end of string'"),
    (
        "app==(a)",
        "unable to parse requirement: found '(', expected: identifier",
    ),
];

#[test]
fn an_invalid_selector_is_refused_with_the_place() {
    for &(selector, expected) in INVALID {
        let error = Selector::parse(selector).map(|_| ()).unwrap_err();
        assert_eq!(error, expected, "{selector}");
    }
    for selector in [
        "a b=c", "=x", ",", "!", "app=a/b", "a-", "app>x", "app>-1", "A:/x", "a:B/c",
    ] {
        assert!(Selector::parse(selector).is_err(), "{selector}");
    }
}
