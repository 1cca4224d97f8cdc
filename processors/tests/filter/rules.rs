//! Which rule decides, and by which names records are counted.

use tidegate_model::flow::Verdict;
use tidegate_model::{Batch, Record, Tally};

use crate::support::{build, flow, forwarded, metric, outcomes};

const PORTS: [u16; 3] = [53, 80, 443];

fn of_ports(table: &str) -> Vec<&'static str> {
    outcomes(table, &PORTS.map(forwarded))
}

#[test]
fn the_first_rule_that_matches_decides() {
    let table =
        |first: &str, second: &str| format!("otherwise = 'keep'\nrules = [{first}, {second}]");
    let web = "{ name = 'web', action = 'drop', flows = '--to-port 80' }";
    let all = "{ name = 'all', action = 'drop', flows = '' }";
    let keep = "{ name = 'kept', action = 'keep', flows = '--to-port 80' }";
    assert_eq!(of_ports(&table(web, all)), ["all", "web", "all"]);
    assert_eq!(of_ports(&table(all, web)), ["all", "all", "all"]);
    assert_eq!(of_ports(&table(keep, all)), ["all", "-", "all"]);
    assert_eq!(of_ports(&table(all, keep)), ["all", "all", "all"]);
}

#[test]
fn without_otherwise_the_rest_gets_the_opposite_of_the_rules() {
    let one = |action: &str, rest: &str| {
        of_ports(&format!(
            "rules = [{{ name = 'dns', action = '{action}', flows = '--to-port 53' }}]\n{rest}"
        ))
    };
    assert_eq!(one("drop", ""), ["dns", "-", "-"]);
    assert_eq!(one("keep", ""), ["-", "otherwise", "otherwise"]);
    assert_eq!(
        one("drop", "otherwise = 'drop'"),
        ["dns", "otherwise", "otherwise"]
    );
    assert_eq!(one("keep", "otherwise = 'keep'"), ["-", "-", "-"]);
}

#[test]
fn words_and_tables_of_filters_match_the_same_flows() {
    for of_rule in [
        "flows = '--to-port 53 --to-port 443 --not --to-port 443'",
        "any_of = [{ destination_port = ['53'] }, { destinationPort = ['443'] }]
         none_of = [{ destination_port = ['443'] }]",
        "flows = '''--allowlist '{\"destination_port\": [\"53\"]}' '''",
    ] {
        let table = format!("[[rules]]\nname = 'dns'\naction = 'drop'\n{of_rule}");
        assert_eq!(of_ports(&table), ["dns", "-", "-"], "{of_rule}");
    }
    let without = "[[rules]]\nname = 'rest'\naction = 'drop'
                   none_of = [{ destination_port = ['53'] }]";
    assert_eq!(of_ports(without), ["-", "rest", "rest"]);
}

#[test]
fn the_rules_of_the_configuration_are_known_from_the_start() {
    let names = |table: &str| build(table).rules();
    let keep = "{ name = 'a', action = 'keep', flows = '--port 1' }";
    let drop = "{ name = 'b', action = 'drop', flows = '--port 2' }";
    assert_eq!(names(&format!("rules = [{keep}]")), ["otherwise"]);
    assert_eq!(names(&format!("rules = [{drop}]")), ["b"]);
    assert_eq!(
        names(&format!("otherwise = 'drop'\nrules = [{keep}, {drop}]")),
        ["b", "otherwise"]
    );
}

#[test]
fn the_records_that_are_left_keep_their_order_and_metrics_pass() {
    let mut processor =
        build("rules = [{ name = 'web', action = 'drop', flows = '--to-port 80' }]\n");
    let mut batch = Batch::new();
    for port in [80, 53, 80, 443, 80] {
        batch.push(forwarded(port));
    }
    batch.push(Record::default());
    batch.push(metric());
    let mut tally = Tally::default();
    processor.process(&mut batch, &mut tally);
    assert_eq!(tally.filters(), [("web", 3)]);
    let ports: Vec<_> = batch
        .records()
        .iter()
        .map(|record| match record {
            Record::Flow(flow) => flow.l4.ports().map(|(_, port)| port),
            _ => None,
        })
        .collect();
    assert_eq!(ports, [Some(53), Some(443), None, None]);
}

#[test]
fn flows_of_every_ordinary_verdict_are_dropped_by_a_rule_of_ports() {
    let table = "rules = [{ name = 'web', action = 'drop', flows = '--to-port 80' }]";
    for verdict in Verdict::ALL {
        let is_exempt = matches!(verdict, Verdict::Dropped | Verdict::Audit | Verdict::Error);
        let expected = if is_exempt { "-" } else { "web" };
        assert_eq!(
            outcomes(table, &[flow(80, verdict)]),
            [expected],
            "{verdict:?}"
        );
    }
}
