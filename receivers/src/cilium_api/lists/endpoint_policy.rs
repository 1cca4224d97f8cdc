//! The policy of an endpoint: `models.EndpointPolicy`, whose rules are texts of JSON in JSON.

use std::collections::HashMap;

use serde::Deserialize;
use tidegate_model::names::{EndpointPolicy, FilterRules, PolicyFilter};

use super::values::or_default;

/// `status.policy` of an endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PolicyStatus {
    #[serde(deserialize_with = "or_default")]
    realized: Realized,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Realized {
    policy_revision: u64,
    #[serde(deserialize_with = "or_default")]
    l4: L4Policy,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct L4Policy {
    #[serde(deserialize_with = "or_default")]
    ingress: Vec<Rule>,
    #[serde(deserialize_with = "or_default")]
    egress: Vec<Rule>,
}

/// Labels of each of several rules.
type RuleLabels = Vec<Vec<String>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Rule {
    /// An [`L4Filter`].
    #[serde(default)]
    rule: String,
    /// Of all selectors.
    #[serde(default, deserialize_with = "or_default")]
    derived_from_rules: RuleLabels,
    /// Of each selector; of incoming packets only.
    #[serde(default, deserialize_with = "or_default")]
    rules_by_selector: HashMap<String, RuleLabels>,
}

/// `policy.L4Filter` (1.12 to 1.20).
#[derive(Debug, Deserialize)]
struct L4Filter {
    #[serde(default)]
    port: u16,
    #[serde(default, rename = "endPort")]
    end_port: u16,
    #[serde(default, rename = "port-name")]
    port_name: String,
    protocol: String,
    /// One object for each selector.
    #[serde(rename = "l7-rules")]
    selectors: Vec<HashMap<String, Option<PerSelectorPolicy>>>,
}

/// `policy.PerSelectorPolicy`.
#[derive(Debug, Default, Deserialize)]
struct PerSelectorPolicy {
    /// Since 1.19: 0 to allow, 1 to deny, 2 to pass to the next tier.
    #[serde(default)]
    verdict: u8,
    /// Before.
    #[serde(default, rename = "IsDeny")]
    is_deny: bool,
}

impl PolicyStatus {
    /// The realized policy; `None` if there is none yet.
    pub(super) fn realized(self) -> Option<Box<EndpointPolicy>> {
        let Realized {
            policy_revision: revision,
            l4,
        } = self.realized;
        let filters = |rules: Vec<Rule>| rules.into_iter().map(Rule::filter).collect();
        (revision != 0).then(|| {
            Box::new(EndpointPolicy {
                revision,
                ingress: filters(l4.ingress),
                egress: filters(l4.egress),
            })
        })
    }
}

impl Rule {
    fn filter(self) -> Option<PolicyFilter> {
        let filter: L4Filter = serde_json::from_str(&self.rule).ok()?;
        let mut rules: Vec<FilterRules> = Vec::new();
        let is_alone = filter.selectors.iter().map(HashMap::len).sum::<usize>() == 1;
        for (selector, policy) in filter.selectors.iter().flatten() {
            let policy = policy.as_ref();
            let is_deny = policy.is_some_and(|policy| policy.is_deny || policy.verdict == 1);
            if policy.is_some_and(|policy| policy.verdict > 1) {
                continue;
            }
            let labels = self.labels_of(selector, is_alone);
            let is_for_all = selects_all(selector);
            let same = |known: &&mut FilterRules| {
                known.is_for_all == is_for_all && known.is_deny == is_deny
            };
            match rules.iter_mut().find(same) {
                Some(known) if known.labels.as_ref() != labels => known.labels = None,
                Some(_) => {}
                None => rules.push(FilterRules {
                    is_for_all,
                    is_deny,
                    labels: labels.cloned(),
                }),
            }
        }
        Some(PolicyFilter {
            port: filter.port,
            end_port: filter.end_port,
            is_named: !filter.port_name.is_empty(),
            protocol: protocol(&filter.protocol)?,
            rules,
        })
    }

    /// The labels of a selector's rules, as far as they are listed.
    fn labels_of(&self, selector: &str, is_alone: bool) -> Option<&RuleLabels> {
        let of_all = &self.derived_from_rules;
        let is_same_for_all = is_alone || of_all.len() == 1;
        let labels = self.rules_by_selector.get(selector);
        labels
            .or(is_same_for_all.then_some(of_all))
            .filter(|labels| !labels.is_empty())
    }
}

/// Whether a selector has no condition.
fn selects_all(selector: &str) -> bool {
    selector.contains("MatchLabels:map[string]string{},")
        && (selector.contains("MatchExpressions:[]LabelSelectorRequirement{},")
            || selector.contains("MatchExpressions:[],"))
}

/// The number of a protocol (`api.L4Proto`, 1.12 to 1.20).
fn protocol(name: &str) -> Option<u8> {
    Some(match name {
        "ANY" => 0,
        "ICMP" => 1,
        "IGMP" => 2,
        "TCP" => 6,
        "UDP" => 17,
        "ICMPV6" | "ICMPv6" => 58,
        "VRRP" => 112,
        "SCTP" => 132,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tidegate_model::names::EndpointPolicy;

    use super::PolicyStatus;

    const EVERY: &str = "&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}";

    /// Reads rules of outgoing and of incoming packets, and shows the first filters.
    fn read(egress: &serde_json::Value, ingress: &serde_json::Value) -> EndpointPolicy {
        let json = json!({"realized": {
            "policy-revision": 7, "build": 3, "l4": {"egress": egress, "ingress": ingress},
        }});
        let status: PolicyStatus = serde_json::from_value(json).unwrap();
        *status.realized().unwrap()
    }

    /// A rule with these selectors.
    fn rule(selectors: &[(&str, serde_json::Value)]) -> String {
        let selectors: Vec<_> = selectors
            .iter()
            .map(|(selector, policy)| json!({ *selector: policy }))
            .collect();
        json!({"port": 80, "protocol": "TCP", "l7-rules": selectors}).to_string()
    }

    /// The rules of the only filter: whether they are for all, whether they deny, and the labels.
    fn rules(policy: &EndpointPolicy) -> Vec<(bool, bool, Option<String>)> {
        let filters = [&policy.ingress, &policy.egress].into_iter().flatten();
        let mut rules: Vec<_> = filters
            .flatten()
            .flat_map(|filter| &filter.rules)
            .map(|rules| {
                let labels = rules.labels.as_ref();
                let text = labels.map(|labels| labels.iter().flatten().cloned().collect());
                (rules.is_for_all, rules.is_deny, text)
            })
            .collect();
        rules.sort();
        rules
    }

    #[test]
    fn filters_have_ports_protocols_and_the_rules_of_each_kind_of_selector() {
        let text = rule(&[
            (EVERY, json!(null)),
            ("cidr:10.0.0.0/8", json!({"verdict": 1})),
            ("cidr:10.0.0.1/32", json!({"IsDeny": true})),
            ("a", json!({"dns": []})),
            ("b", json!({"verdict": 2})),
        ]);
        let policy = read(
            &json!([{"rule": text, "derived-from-rules": [["k:a"]]}]),
            &json!(null),
        );
        let labels = || Some("k:a".to_owned());
        let expected = vec![
            (false, false, labels()),
            (false, true, labels()),
            (true, false, labels()),
        ];
        assert_eq!(rules(&policy), expected);
        let filter = &policy.egress.unwrap()[0];
        assert_eq!((filter.port, filter.end_port, filter.protocol), (80, 0, 6));
        assert!(!filter.is_named);
        let text = r#"{"tier":200,"port":0,"endPort":90,"port-name":"http","protocol":"ANY","l7-rules":[]}"#;
        let policy = read(&json!([{"rule": text}]), &json!([]));
        let filter = &policy.egress.unwrap()[0];
        assert_eq!((filter.end_port, filter.protocol), (90, 0));
        assert!(filter.is_named);
    }

    #[test]
    fn rules_that_differ_by_peer_are_told_apart_by_selector_or_are_unknown() {
        let both = json!([["k:a"], ["k:b"]]);
        let one = json!([["k:a"]]);
        let of_two = rule(&[("x", json!(null)), ("y", json!(null))]);
        let of_one = rule(&[("x", json!(null))]);
        let egress = |rule: &str, from| {
            read(
                &json!([{"rule": rule, "derived-from-rules": from}]),
                &json!([]),
            )
        };
        let known = |text: &str| vec![(false, false, Some(text.to_owned()))];
        let unknown = || vec![(false, false, None)];
        assert_eq!(rules(&egress(&of_two, &one)), known("k:a"));
        assert_eq!(rules(&egress(&of_one, &both)), known("k:ak:b"));
        assert_eq!(rules(&egress(&of_two, &both)), unknown());
        assert_eq!(rules(&egress(&of_two, &json!([]))), unknown());
        let ingress = |rule: &str, by| {
            let rule = json!([{"rule": rule, "derived-from-rules": both, "rules-by-selector": by}]);
            rules(&read(&json!([]), &rule))
        };
        let same = json!({"x": [["k:a"]], "y": [["k:a"]]});
        assert_eq!(ingress(&of_two, same), known("k:a"));
        let different = json!({"x": [["k:a"]], "y": [["k:b"]]});
        assert_eq!(ingress(&of_two, different), unknown());
        let by_kind = rule(&[(EVERY, json!(null)), ("y", json!(null))]);
        let different = json!({EVERY: [["k:a"]], "y": [["k:b"]]});
        let expected = vec![
            (false, false, Some("k:b".to_owned())),
            (true, false, Some("k:a".to_owned())),
        ];
        assert_eq!(ingress(&by_kind, different), expected);
    }

    #[test]
    fn a_filter_that_cannot_be_read_makes_its_direction_unknown() {
        for text in [
            "L4Filter error: \"x\"",
            "{}",
            r#"{"port":1,"protocol":"GRE","l7-rules":[]}"#,
        ] {
            let policy = read(&json!([{"rule": text}]), &json!([]));
            assert_eq!(
                (policy.egress, policy.ingress),
                (None, Some(vec![])),
                "{text}"
            );
        }
        let status: PolicyStatus =
            serde_json::from_str(r#"{"realized":{"policy-enabled":"none"}}"#).unwrap();
        assert_eq!(status.realized(), None);
    }
}
