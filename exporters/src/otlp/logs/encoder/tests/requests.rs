//! The request around the records.

use super::*;

#[test]
fn a_request_has_one_resource_and_one_scope() {
    let request = request(&Record::Flow(Flow::default()), &LogFormat::default());
    let resource = request.resource_logs[0]
        .resource
        .as_ref()
        .expect("a resource");
    let attributes: Vec<_> = resource
        .attributes
        .iter()
        .map(|attribute| {
            format!(
                "{}={}",
                attribute.key,
                attribute.value.as_ref().map(shown).unwrap_or_default()
            )
        })
        .collect();
    let version = format!("service.version={}", env!("CARGO_PKG_VERSION"));
    let expected = [
        "host.name=node-a",
        "k8s.cluster.name=prod",
        "k8s.node.name=node-a",
        "service.instance.id=prod/node-a",
        "service.name=tidegate",
        &version,
        "team=net",
    ];
    assert_eq!(attributes, expected);
    let urls = [
        &request.resource_logs[0].schema_url,
        &request.resource_logs[0].scope_logs[0].schema_url,
    ];
    assert_eq!(urls, [crate::otlp::mapping::SCHEMA_URL; 2]);
    let scope = request.resource_logs[0].scope_logs[0]
        .scope
        .as_ref()
        .expect("a scope");
    assert_eq!(
        (scope.name.as_str(), scope.version.as_str()),
        ("tidegate", env!("CARGO_PKG_VERSION"))
    );
}
