//! What is wrong with a configuration, and where.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{ChainPosition, Finding, FlowContent, Lint, Place};

use crate::support::{config, findings};

/// The part of the table that a finding points to; the path of a key.
fn place(finding: &Finding, table: &str) -> String {
    match &finding.place {
        Place::Key(key) => format!("<{key}>"),
        Place::Path(path) => format!("<{path}>"),
        Place::Value(span) => table[span.clone()].to_owned(),
        Place::Part {
            value,
            offset,
            text,
        } => {
            let start = value.start + 1 + offset;
            assert_eq!(table[start..start + text.len()], *text);
            text.clone()
        }
    }
}

fn found(table: &str) -> Vec<(String, String)> {
    let findings = findings(table);
    assert!(
        findings.iter().all(|one| one.lint.is_none()),
        "{findings:?}"
    );
    let pairs = findings
        .iter()
        .map(|one| (place(one, table), one.title.clone()));
    pairs.collect()
}

/// A table with one rule that drops.
fn rule(rest: &str) -> String {
    format!("rules = [{{ name = 'x', action = 'drop', {rest} }}]")
}

#[test]
fn flows_of_proxies_that_are_made_behind_the_filter_are_a_warning() {
    let found = |later: &[FlowContent]| {
        let table = rule("flows = '--port 53'");
        let warnings = config(&table).unwrap().inspect(&ChainPosition {
            received: Kinds::ALL,
            arriving: Kinds::of(&[Kind::Flow, Kind::Event]),
            earlier: Vec::new(),
            later: later.to_vec(),
            created_later: Kinds::NONE,
        });
        warnings.iter().map(|one| one.lint).collect::<Vec<_>>()
    };
    assert_eq!(found(&[FlowContent::OtherL7]), [Some(Lint::FlowsMadeLater)]);
    assert_eq!(found(&[FlowContent::Names]), []);
}

#[test]
fn an_error_in_a_filter_points_to_its_place() {
    for (rest, at, message) in [
        (
            "flows = '--to-prot 53'",
            "--to-prot",
            "unknown flag: --to-prot",
        ),
        (
            "flows = '--to-port 53 --verdict FORWADED'",
            "--verdict FORWADED",
            "FORWADED",
        ),
        (
            "flows = '--to-port 53 --http-path ['",
            "--http-path [",
            "missing closing ]: `[`",
        ),
        (
            "flows = '--ip 10.0.0.0/99'",
            "--ip 10.0.0.0/99",
            "prefix length out of range",
        ),
        (
            "any_of = [{ dns_query = ['a'] }, { dns_query = ['a', '['], verdict = ['DROPPED'] }]",
            "<rules.0.any_of.1.dns_query>",
            "missing closing ]: `[`",
        ),
        (
            "none_of = [{ source_port = ['http'] }]",
            "<rules.0.none_of.0.source_port>",
            "invalid source port filter",
        ),
    ] {
        let found = found(&rule(rest));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, at);
        assert!(found[0].1.contains(message), "{}", found[0].1);
    }
}

#[test]
fn keys_without_effect_are_errors() {
    for (rest, at, message) in [
        ("", "<rules.0.name>", "the rule matches nothing"),
        (
            "flows = '', any_of = [{ verdict = ['DROPPED'] }]",
            "<rules.0.any_of>",
            "the rule has `flows`, too",
        ),
        (
            "records = ['lost'], also = ['drops']",
            "<rules.0.also>",
            "the rule has no flows",
        ),
    ] {
        let table = rule(rest).replace(", }", " }");
        assert_eq!(found(&table), [(at.to_owned(), message.to_owned())]);
    }
    for key in ["also = ['drops']", "records = ['lost']"] {
        let table = format!("rules = [{{ name = 'x', action = 'keep', flows = '', {key} }}]");
        let name = key.split(' ').next().unwrap();
        let message = format!("`{name}` has no effect in a rule that keeps");
        assert_eq!(found(&table), [(format!("<rules.0.{name}>"), message)]);
    }
}

#[test]
fn all_errors_of_all_rules_are_reported() {
    let table = "[[rules]]\nname = 'a'\naction = 'drop'\nflows = '--x'
                 [[rules]]\nname = 'a'\naction = 'keep'\nflows = ''
                 [[rules]]\nname = 'otherwise'\naction = 'drop'";
    let places: Vec<_> = found(table).into_iter().map(|(place, _)| place).collect();
    let expected = [
        "<rules>",
        "<rules.1.name>",
        "<rules.2.name>",
        "--x",
        "<rules.2.name>",
    ];
    assert_eq!(places, expected);
}

#[test]
fn the_number_of_rules_is_limited() {
    assert_eq!(found("rules = []")[0].1, "there are no rules");
    let table = |n: usize| {
        let rule = |at| format!("{{ name = 'r{at}', action = 'drop', flows = '--port {at}' }}");
        let rules: Vec<_> = (1..=n).map(rule).collect();
        format!("rules = [{}]", rules.join(", "))
    };
    assert_eq!(found(&table(256)), []);
    assert_eq!(
        found(&table(257))[0].1,
        "there are 257 rules, and 256 are allowed"
    );
}

#[test]
fn wrong_keys_and_types_are_refused_with_what_is_allowed() {
    for (rest, expected) in [
        (
            "match = ''",
            "unknown field `match`, expected one of `name`, `action`, `flows`",
        ),
        (
            "any_of = [{ source_pods = ['a'] }]",
            "unknown field `source_pods`",
        ),
        ("any_of = [{ source_pod = 'a/' }]", "expected a sequence"),
        ("any_of = [{ verdict = ['DROPED'] }]", "DROPED"),
        (
            "also = ['drop']",
            "expected one of `drops`, `audits`, `errors`",
        ),
        (
            "records = ['flows']",
            "expected one of `lost`, `agent_events`, `debug_events`",
        ),
    ] {
        let message = config(&rule(rest)).unwrap_err().to_string();
        assert!(message.contains(expected), "{rest}: {message}");
    }
    for name in ["''", "'a b'", "'1'", "1"] {
        let table = format!("rules = [{{ name = {name}, action = 'drop', flows = '' }}]");
        let error = config(&table).unwrap_err();
        assert_eq!(error.span().map(|span| &table[span]), Some(name));
    }
}

/// Rules that match hardly any flow without names, and their places.
const WITH_NAMES: [(&str, &str); 10] = [
    ("flows = '--namespace shop'", "<rules.0.flows>"),
    ("flows = '--service shop/web'", "<rules.0.flows>"),
    ("flows = '--workload web'", "<rules.0.flows>"),
    ("flows = '--to-fqdn *.example.com'", "<rules.0.flows>"),
    ("flows = '--interface eth0'", "<rules.0.flows>"),
    ("flows = '--node-label pool=blue'", "<rules.0.flows>"),
    ("flows = '--cluster east'", "<rules.0.flows>"),
    ("flows = '--from-pod shop/a --port 80'", "<rules.0.flows>"),
    ("flows = '--label app=shop'", "<rules.0.flows>"),
    ("any_of = [{ source_pod = ['shop/'] }]", "<rules.0.any_of>"),
];

/// Rules that also match flows without names.
const WITHOUT_NAMES: [&str; 8] = [
    "flows = '--port 80'",
    "flows = '--label reserved:world'",
    "flows = '--not --namespace shop'",
    "flows = '--node-label !pool'",
    "flows = '--node-label \"pool notin (blue)\"'",
    "any_of = [{ source_pod = ['shop/'] }, { destination_port = ['80'] }]",
    "any_of = [{ interface = [{ index = 1 }, { name = 'eth0' }] }]",
    "records = ['lost']",
];

#[test]
fn rules_with_names_in_front_of_the_names_are_warnings() {
    let warnings = |rest: &str, earlier: &[FlowContent], later: &[FlowContent]| {
        let table = rule(rest);
        let found = config(&table).unwrap().inspect(&ChainPosition {
            received: Kinds::ALL,
            arriving: Kinds::ALL,
            earlier: earlier.to_vec(),
            later: later.to_vec(),
            created_later: Kinds::NONE,
        });
        let names = Some(Lint::RuleWithoutNames);
        assert!(found.iter().all(|one| one.lint == names), "{found:?}");
        let found = found.into_iter();
        found
            .map(|one| (place(&one, &table), one.help.unwrap()))
            .collect::<Vec<_>>()
    };
    for (rest, at) in WITH_NAMES {
        let add = "add `cilium_enrich` before the filter";
        assert_eq!(warnings(rest, &[], &[]), [(at.to_owned(), add.to_owned())]);
        let mv = "move `cilium_enrich` before the filter";
        let moved = warnings(rest, &[], &[FlowContent::Names]);
        assert_eq!(moved, [(at.to_owned(), mv.to_owned())]);
        assert_eq!(warnings(rest, &[FlowContent::Names], &[]), []);
    }
    for rest in WITHOUT_NAMES {
        assert_eq!(warnings(rest, &[], &[]), [], "{rest}");
    }
}
