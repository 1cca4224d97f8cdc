//! Records that are dropped only by rules that name them.

use tidegate_model::flow::Verdict;
use tidegate_model::record::AgentEventType;

use crate::support::{agent_event, exempt, flow, outcomes};

/// The outcomes of the exempt records with one rule that drops.
fn dropped_by(rest: &str) -> String {
    let table = format!("[[rules]]\nname = 'x'\naction = 'drop'\n{rest}");
    outcomes(&table, &exempt()).concat()
}

#[test]
fn trouble_and_other_records_pass_rules_that_do_not_name_them() {
    for rest in [
        "flows = ''",
        "flows = '--to-port 80'",
        "flows = '--not --verdict FORWARDED'",
        "none_of = [{ verdict = ['FORWARDED'] }]",
    ] {
        assert_eq!(dropped_by(rest), "------", "{rest}");
    }
    let keep = "rules = [{ name = 'x', action = 'keep', flows = '--to-port 1' }]";
    assert_eq!(
        outcomes(keep, &exempt()).concat(),
        "------",
        "otherwise drops"
    );
}

#[test]
fn also_and_records_name_them() {
    for (rest, expected) in [
        ("flows = ''\nalso = ['drops']", "x-----"),
        ("flows = ''\nalso = ['audits', 'errors']", "-xx---"),
        (
            "flows = '--to-port 81'\nalso = ['drops', 'audits', 'errors']",
            "------",
        ),
        ("records = ['lost']", "---x--"),
        ("records = ['agent_events', 'debug_events']", "----xx"),
        (
            "flows = '--to-port 1'\nrecords = ['lost', 'agent_events', 'debug_events']",
            "---xxx",
        ),
    ] {
        assert_eq!(dropped_by(rest), expected, "{rest}");
    }
}

#[test]
fn a_filter_of_their_verdict_reason_or_type_names_them() {
    for (rest, expected) in [
        ("flows = '--verdict DROPPED'", "x-----"),
        ("flows = '--verdict DROPPED --to-port 81'", "------"),
        ("flows = '--verdict FORWARDED --verdict AUDIT'", "-x----"),
        (
            "any_of = [{ verdict = ['ERROR'] }, { destination_port = ['80'] }]",
            "--x---",
        ),
        ("flows = '--drop-reason-desc POLICY_DENIED'", "x-----"),
        ("flows = '--drop-reason-desc INVALID_SOURCE_MAC'", "------"),
        ("flows = '--type drop'", "x-----"),
        ("flows = '--type trace'", "------"),
        ("flows = '--type agent'", "----x-"),
        ("flows = '--type agent:endpoint-created'", "------"),
        ("flows = '--type debug'", "-----x"),
        (
            "flows = '--verdict DROPPED --not --drop-reason-desc POLICY_DENIED'",
            "------",
        ),
    ] {
        assert_eq!(dropped_by(rest), expected, "{rest}");
    }
}

#[test]
fn a_rule_that_keeps_makes_exceptions_for_a_later_rule_that_names() {
    let table = "otherwise = 'keep'
        rules = [
            { name = 'web', action = 'keep', flows = '--to-port 80' },
            { name = 'policies', action = 'keep', flows = '--type agent:policy-updated' },
            { name = 'rest', action = 'drop', flows = '', also = ['drops'], records = ['agent_events'] },
        ]";
    let records = [
        flow(80, Verdict::Dropped),
        flow(81, Verdict::Dropped),
        flow(81, Verdict::Audit),
        agent_event(AgentEventType::PolicyUpdated),
        agent_event(AgentEventType::EndpointCreated),
    ];
    assert_eq!(outcomes(table, &records), ["-", "rest", "-", "-", "rest"]);
}
