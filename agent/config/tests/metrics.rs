//! The metrics list, with the kinds of the agent.

use super::samples::said_about;

/// A pipeline with these metrics and processors behind the decoder.
fn metrics(list: &str, processors: &[&str]) -> String {
    let ids: Vec<_> = ["cilium_decode", "l34_flow"]
        .iter()
        .chain(processors)
        .collect();
    let declared: String = ids
        .iter()
        .filter(|id| **id != &"hubble_metrics")
        .map(|id| format!("processors.{id} = {{}}\n"))
        .collect();
    format!(
        "processors.hubble_metrics.metrics = [\n{list}\n]\n{declared}receivers.monitor1_2 = {{}}\n\
         exporters.prometheus = {{}}\n[service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = {ids:?}\nexporters = [\"prometheus\"]\n"
    )
}

fn says(list: &str, processors: &[&str], expected: &str) {
    let text = metrics(list, processors);
    let said = said_about("pipeline.toml", &text);
    assert_eq!(
        said.trim(),
        expected.trim(),
        "\n--- {text}\n--- was:\n{said}\n---"
    );
}

const ALL: [&str; 5] = [
    "dns_flow",
    "http_flow",
    "l7_flow",
    "cilium_enrich",
    "hubble_metrics",
];

#[test]
fn a_list_in_which_every_metric_and_label_has_a_source() {
    says(
        "'dns:query;ignoreAAAA', 'drop:sourceContext=workload|pod;destinationContext=dns|ip',\n\
         'tcp:labelsContext=source_pod,destination_app,traffic_direction flow kafka httpV2:exemplars=false'",
        &ALL,
        "",
    );
    let without_messages = "'flow:sourceContext=identity|reserved-identity|ip', 'drop'";
    says(without_messages, &["hubble_metrics"], "");
}

#[test]
fn all_mistakes_of_the_list_are_shown_at_their_places() {
    says(
        "'drops', \"flow:sourceContext=pods|ip;labelsContext=source_pod,x  http\",\n'flow', 'httpV2'",
        &ALL,
        r#"
error: metric 'drops' does not exist
 --> pipeline.toml:2:2
  |
2 | 'drops', "flow:sourceContext=pods|ip;labelsContext=source_pod,x  http",
  |  ^^^^^
  |
  = help: did you mean 'drop'?

error: unable to initialize metric 'flow': unknown context 'pods'
 --> pipeline.toml:2:30
  |
2 | 'drops', "flow:sourceContext=pods|ip;labelsContext=source_pod,x  http",
  |                              ^^^^
  |
  = help: did you mean 'pod'?

error: unable to initialize metric 'flow': invalid labelsContext value: x
 --> pipeline.toml:2:63
  |
2 | 'drops', "flow:sourceContext=pods|ip;labelsContext=source_pod,x  http",
  |                                                               ^
  |
  = help: there are source_ip, source_pod, source_namespace, source_workload, source_workload_kind, source_app, destination_ip, destination_pod, destination_namespace, destination_workload, destination_workload_kind, destination_app, traffic_direction

error: metric 'flow' is listed twice
 --> pipeline.toml:3:2
  |
3 | 'flow', 'httpV2'
  |  ^^^^

error: plugin httpV2 conflicts with plugin http
 --> pipeline.toml:3:10
  |
3 | 'flow', 'httpV2'
  |          ^^^^^^

pipeline.toml: 5 errors
"#,
    );
}

#[test]
fn options_without_effect() {
    says(
        "'dns:qury;ignoreAAAA=false', 'flow:sourcecontex=ip', 'httpV2:exemplars=true', 'tcp:color=red'",
        &ALL,
        r#"
warning[unknown_metric_option]: metric 'dns' has no option 'qury'
 --> pipeline.toml:2:6
  |
2 | 'dns:qury;ignoreAAAA=false', 'flow:sourcecontex=ip', 'httpV2:exemplars=true', 'tcp:color=red'
  |      ^^^^
  |
  = note: it is ignored, as in Hubble
  = help: did you mean 'query'?

warning[unknown_metric_option]: option 'ignoreAAAA' of metric 'dns' applies whatever its value is
 --> pipeline.toml:2:11
  |
2 | 'dns:qury;ignoreAAAA=false', 'flow:sourcecontex=ip', 'httpV2:exemplars=true', 'tcp:color=red'
  |           ^^^^^^^^^^
  |
  = note: as in Hubble
  = help: remove the option

warning[unknown_metric_option]: metric 'flow' has no option 'sourcecontex'
 --> pipeline.toml:2:36
  |
2 | 'dns:qury;ignoreAAAA=false', 'flow:sourcecontex=ip', 'httpV2:exemplars=true', 'tcp:color=red'
  |                                    ^^^^^^^^^^^^
  |
  = note: it is ignored, as in Hubble
  = help: did you mean 'sourceContext'?

warning[unknown_metric_option]: metric 'tcp' has no option 'color'
 --> pipeline.toml:2:84
  |
2 | 'dns:qury;ignoreAAAA=false', 'flow:sourcecontex=ip', 'httpV2:exemplars=true', 'tcp:color=red'
  |                                                                                    ^^^^^
  |
  = note: it is ignored, as in Hubble

pipeline.toml: 4 warnings
"#,
    );
}

#[test]
fn metrics_of_messages_that_nothing_in_front_of_them_makes() {
    says(
        "'dns', 'httpV2', 'kafka'",
        &["http_flow", "hubble_metrics", "l7_flow"],
        r#"
warning[metric_without_flows]: metric 'dns' counts nothing: no DNS flows arrive
 --> pipeline.toml:2:2
  |
2 | 'dns', 'httpV2', 'kafka'
  |  ^^^
  |
  = help: add `dns_flow` before `hubble_metrics`

warning[metric_without_flows]: metric 'kafka' counts nothing: no Kafka flows arrive
 --> pipeline.toml:2:19
  |
2 | 'dns', 'httpV2', 'kafka'
  |                   ^^^^^
  |
  = help: move `l7_flow` before `hubble_metrics`

pipeline.toml: 2 warnings
"#,
    );
}

#[test]
fn labels_that_nothing_in_front_of_the_metrics_fills() {
    says(
        "'flow:sourceContext=pod;destinationContext=workload|dns;labelsContext=source_ip,source_app'",
        &["hubble_metrics", "cilium_enrich"],
        r#"
warning[label_without_names]: a label of metric 'flow' stays empty
 --> pipeline.toml:2:7
  |
2 | 'flow:sourceContext=pod;destinationContext=workload|dns;labelsContext=source_ip,source_app'
  |       ^^^^^^^^^^^^^ needs names or labels of pods
  |
  = help: move `cilium_enrich` before `hubble_metrics`

warning[label_without_names]: a label of metric 'flow' stays empty
 --> pipeline.toml:2:25
  |
2 | 'flow:sourceContext=pod;destinationContext=workload|dns;labelsContext=source_ip,source_app'
  |                         ^^^^^^^^^^^^^^^^^^ needs DNS names of addresses
  |
  = help: move `cilium_enrich` before `hubble_metrics`

warning[label_without_names]: a label of metric 'flow' stays empty
 --> pipeline.toml:2:81
  |
2 | 'flow:sourceContext=pod;destinationContext=workload|dns;labelsContext=source_ip,source_app'
  |                                                                                 ^^^^^^^^^^ needs names or labels of pods
  |
  = help: move `cilium_enrich` before `hubble_metrics`

pipeline.toml: 3 warnings
"#,
    );
}

#[test]
fn the_default_list_needs_no_further_stages() {
    let text = metrics("", &["hubble_metrics"]);
    let text = text.replace(
        "processors.hubble_metrics.metrics = [\n\n]",
        "processors.hubble_metrics = {}",
    );
    assert_eq!(said_about("pipeline.toml", &text), "");
}
