//! Certificates of each signal, in real handshakes.

use tidegate_exporters::otlp;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use toml::de::ValueDeserializer;

use super::signals::{SIGNALS, records, requests};
use super::variables::{cases, setup, variable};
use crate::limits::unused_url;
use crate::pipeline::PipelineSetup;
use crate::tls::{backend, path, table};

#[tokio::test]
async fn a_signal_has_its_certificates() {
    for (signal, kept) in SIGNALS {
        let backend = backend();
        let keys = format!(
            "signals = [\"{kept}\"], {signal}_endpoint = \"{}\", {signal} = {{ {} }}",
            backend.url().replace("http:", "https:"),
            table("backend.test", true)
        );
        let pipeline = PipelineSetup::new(&unused_url(), &[&keys]).start();
        pipeline.send(records(signal)).await;
        pipeline.finish().await;
        assert_eq!(requests(&backend, signal), 1, "{signal}");
    }
}

/// The variables of certificates, and a file for each.
fn certificates(signal: &str) -> [(&'static str, String); 3] {
    [
        ("CERTIFICATE", "ca.pem"),
        ("CLIENT_CERTIFICATE", "client.pem"),
        ("CLIENT_KEY", "client_key.pem"),
    ]
    .map(|(setting, file)| (variable(signal, setting), path(file).display().to_string()))
}

#[tokio::test]
async fn certificates_are_those_of_the_variables_of_the_signal() {
    for (signal, kept, own) in cases() {
        for (left_out, expected) in [(&[][..], 1), (&[0], 0), (&[1, 2], 0)] {
            let backend = backend();
            let url = backend.url().replace("http:", "https:");
            let mut variables = vec![(variable(own, "ENDPOINT"), url)];
            let certificates = certificates(own).into_iter().enumerate();
            let given = certificates.filter(|(at, _)| !left_out.contains(at));
            variables.extend(given.map(|(_, variable)| variable));
            let mut setup = setup(kept, &variables);
            // A key of the same table in the file leaves the variables in effect.
            setup.config += ", tls = { server_name_override = \"backend.test\" }, \
                             retry_on_failure = { enabled = false }, drain_timeout = \"1s\"";
            let pipeline = setup.start();
            pipeline.send(records(signal)).await;
            pipeline.finish().await;
            assert_eq!(
                requests(&backend, signal),
                expected,
                "{own} without {left_out:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_certificate_of_a_signal_has_the_key_of_all_signals() {
    let backend = backend();
    let url = backend.url().replace("http:", "https:");
    let mut variables = vec![(variable("", "ENDPOINT"), url)];
    variables.extend(certificates(""));
    let [_, certificate, _] = certificates("LOGS_");
    variables.push(certificate);
    let mut setup = setup("flows", &variables);
    setup.config += ", tls = { server_name_override = \"backend.test\" }";
    let pipeline = setup.start();
    pipeline.send(records("logs")).await;
    assert_eq!(pipeline.finish().await.0.absorbed, 1);
}

#[test]
fn an_error_about_certificates_names_the_variables() {
    let table = ValueDeserializer::parse("{ signals = [\"flows\"] }").unwrap();
    let mut config = (otlp::KIND.parse)(table).unwrap();
    let variables = [
        (variable("", "ENDPOINT"), "https://backend.test:4317"),
        (variable("", "CLIENT_CERTIFICATE"), "/certificate.pem"),
    ];
    config.use_environment(&|name| {
        let mut variables = variables.iter();
        let found = variables.find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    let context = BuildContext {
        stage: StageId::exporter("otlp"),
        node_name: "node-a".to_owned(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    let error = config.build(&context).err().unwrap();
    assert_eq!(
        error.to_string(),
        "`cert_file` and `key_file` must be given together; the value is that of the environment \
         variable `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`"
    );
}
