//! What a configuration without mistakes becomes.

use std::time::Duration;

use super::{GOOD, good, try_load};

#[test]
fn a_small_file_has_every_default() {
    let config = good(GOOD);
    assert_eq!(
        config.service.telemetry.listen.to_string(),
        "127.0.0.1:9464"
    );
    assert_eq!(config.service.grace, Duration::from_secs(10));
    assert_eq!(config.service.log.as_str(), "info");
    assert!(
        !config.service.node_name.contains('/'),
        "{}",
        config.service.node_name
    );
}

#[test]
fn the_service_table_is_read() {
    let config = good(&format!(
        "service.grace_period = \"90s\"\nservice.node_name = \"n1\"\nservice.cluster_name = \"c\"\nservice.log = \"debug\"\nservice.telemetry.listen = \"${{env:LISTEN}}\"{GOOD}"
    ));
    assert_eq!(config.service.grace, Duration::from_secs(90));
    assert_eq!(config.service.node_name, "c/n1");
    assert_eq!(config.service.log.as_str(), "debug");
    assert_eq!(
        config.service.telemetry.listen.to_string(),
        "127.0.0.1:9001"
    );
}

#[test]
fn the_cluster_default_does_not_stand_in_front_of_the_nodes_name() {
    for (cluster, name) in [
        ("default", "n1"),
        ("", "n1"),
        ("prod", "prod/n1"),
        ("defaults", "defaults/n1"),
    ] {
        let config = good(&format!(
            "service.node_name = \"n1\"\nservice.cluster_name = \"{cluster}\"\n{GOOD}"
        ));
        assert_eq!(config.service.node_name, name, "{cluster}");
    }
}

#[test]
fn two_components_of_one_kind_are_told_apart_by_their_names() {
    let config = good(
        r#"
        [receivers.source]
        [exporters.sink]
        queue = { records = 7, when_full = "drop_oldest" }
        [exporters."sink/second"]
        endpoint = "http://${env:NO_SUCH:-there}$$"
        [service.pipelines.one]
        receivers = ["source"]
        exporters = ["sink", "sink/second"]
        "#,
    );
    let stages: Vec<_> = config
        .exporters
        .iter()
        .map(|exporter| exporter.stage.as_str())
        .collect();
    assert_eq!(stages, ["exporters.sink", "exporters.sink/second"]);
    assert!(
        format!("{:?}", config.exporters[1].config).contains("\"http://there$\""),
        "{config:?}"
    );
}

#[test]
fn wiring_limits_and_grace_become_a_topology() {
    let text = r#"
        [receivers.source]
        [processors.decode]
        [processors.flow]
        queue.records = 9
        [exporters.sink]
        queue = { records = 7, bytes = "1MiB", when_full = "drop_oldest" }
        [service.pipelines.a]
        receivers = ["source"]
        processors = ["decode", "flow"]
        exporters = ["sink"]
        [service.pipelines.b]
        receivers = ["source"]
        processors = ["decode"]
        exporters = ["sink"]
        "#;
    let topology = try_load(text)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .1
        .topology;
    assert_eq!(
        (
            topology.receivers.len(),
            topology.exporters.len(),
            topology.pipelines.len()
        ),
        (1, 1, 2)
    );
    let queue = topology.exporters[0].queue;
    assert_eq!((queue.records, queue.bytes), (7, 1 << 20));
    let queues: Vec<_> = topology.pipelines[0]
        .processors
        .iter()
        .map(|node| node.queue.map(|q| q.records))
        .collect();
    assert_eq!(queues, [None, Some(9)]);
    assert_eq!(topology.pipelines[1].receivers, [0]);
}

#[test]
fn localhost_is_an_address_of_every_listener() {
    let text = GOOD.replace(
        "[exporters.sink]",
        "[exporters.sink]\nlisten = \"localhost:9001\"",
    );
    let config = good(&format!(
        "service.telemetry.listen = \"localhost:9002\"\nservice.telemetry.admin.listen = \"localhost:9003\"\n{text}"
    ));
    let telemetry = &config.service.telemetry;
    let admin = telemetry
        .admin
        .as_ref()
        .map(|admin| admin.listen.to_string());
    assert_eq!(telemetry.listen.to_string(), "127.0.0.1:9002");
    assert_eq!(admin.as_deref(), Some("127.0.0.1:9003"));
    let sink = config.exporters[0]
        .config
        .as_deref()
        .map(|sink| sink.listens());
    assert_eq!(sink, Some(vec!["127.0.0.1:9001".parse().unwrap()]));
}
