//! The OpenTelemetry SDK: a `SdkLogRecord` for each record, and the exporter of
//! `opentelemetry-otlp`. Its batch processor, which drops what it cannot take, is left out.

use std::error::Error;
use std::time::{Duration, SystemTime};

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry_otlp::{Compression, LogExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1 as proto;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_sdk::logs::{
    LogBatch, LogExporter as _, SdkLogRecord, SdkLogger, SdkLoggerProvider,
};

use super::count;

/// A record, with names that live as long as the program, as those of instrumented code do.
struct Record {
    content: LogRecord,
    event_name: &'static str,
    severity_text: &'static str,
    keys: Vec<&'static str>,
}

/// Sends requests until there were enough records.
pub(super) async fn send(
    requests: &[ExportLogsServiceRequest],
    mut records: u64,
    endpoint: &str,
    compression: &str,
) -> Result<(), Box<dyn Error>> {
    let builder = LogExporter::builder().with_tonic().with_endpoint(endpoint);
    let exporter = match compression {
        "gzip" => builder.with_compression(Compression::Gzip),
        "zstd" => builder.with_compression(Compression::Zstd),
        _ => builder,
    }
    .build()?;
    let logger = SdkLoggerProvider::builder().build().logger("tidegate");
    let scope = InstrumentationScope::builder("tidegate").build();
    let mut names = Names::default();
    let batches: Vec<Vec<Record>> = requests
        .iter()
        .map(|request| names.records(request))
        .collect();
    for (request, batch) in requests.iter().zip(&batches).cycle() {
        let built: Vec<_> = batch.iter().map(|record| build(&logger, record)).collect();
        let data: Vec<_> = built.iter().map(|record| (record, &scope)).collect();
        exporter.export(LogBatch::new(&data)).await?;
        records = records.saturating_sub(count(request));
        if records == 0 {
            break;
        }
    }
    Ok(())
}

fn build(logger: &SdkLogger, record: &Record) -> SdkLogRecord {
    let content = &record.content;
    let mut out = logger.create_log_record();
    out.set_event_name(record.event_name);
    out.set_timestamp(time(content.time_unix_nano));
    out.set_observed_timestamp(time(content.observed_time_unix_nano));
    out.set_severity_text(record.severity_text);
    out.set_severity_number(if content.severity_number >= 13 {
        Severity::Warn
    } else {
        Severity::Info
    });
    if let Some(body) = content.body.as_ref().and_then(value) {
        out.set_body(body);
    }
    for (key, attribute) in record.keys.iter().zip(&content.attributes) {
        if let Some(value) = attribute.value.as_ref().and_then(value) {
            out.add_attribute(*key, value);
        }
    }
    out
}

fn time(nanos: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
}

fn value(value: &proto::AnyValue) -> Option<AnyValue> {
    Some(match value.value.as_ref()? {
        Value::StringValue(text) => AnyValue::String(text.clone().into()),
        Value::BoolValue(value) => AnyValue::Boolean(*value),
        Value::IntValue(value) => AnyValue::Int(*value),
        Value::DoubleValue(value) => AnyValue::Double(*value),
        Value::ArrayValue(array) => AnyValue::ListAny(Box::new(
            array.values.iter().filter_map(self::value).collect(),
        )),
        _ => return None,
    })
}

/// Names that live as long as the program.
#[derive(Default)]
struct Names(std::collections::HashMap<String, &'static str>);

impl Names {
    fn records(&mut self, request: &ExportLogsServiceRequest) -> Vec<Record> {
        let scopes = request.resource_logs.iter().flat_map(|one| &one.scope_logs);
        let records = scopes.flat_map(|scope| &scope.log_records);
        records.map(|record| self.record(record)).collect()
    }

    fn record(&mut self, content: &LogRecord) -> Record {
        let attributes = content.attributes.iter();
        Record {
            event_name: self.get(&content.event_name),
            severity_text: self.get(&content.severity_text),
            keys: attributes
                .map(|attribute| self.get(&attribute.key))
                .collect(),
            content: content.clone(),
        }
    }

    fn get(&mut self, name: &str) -> &'static str {
        if let Some(known) = self.0.get(name) {
            return known;
        }
        let leaked: &'static str = Box::leak(name.to_owned().into_boxed_str());
        self.0.insert(name.to_owned(), leaked);
        leaked
    }
}
