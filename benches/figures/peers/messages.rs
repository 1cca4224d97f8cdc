//! A tree of prost messages for each record, encoded, compressed and sent by tonic.

use std::error::Error;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use tonic::codec::CompressionEncoding;

use super::count;

/// Sends requests until there were enough records. A copy of a request stands for building it.
pub(super) async fn send(
    requests: &[ExportLogsServiceRequest],
    mut records: u64,
    endpoint: &str,
    compression: &str,
) -> Result<(), Box<dyn Error>> {
    let mut client = LogsServiceClient::connect(endpoint.to_owned()).await?;
    match compression {
        "gzip" => client = client.send_compressed(CompressionEncoding::Gzip),
        "zstd" => client = client.send_compressed(CompressionEncoding::Zstd),
        _ => {}
    }
    for request in requests.iter().cycle() {
        client.export(request.clone()).await?;
        records = records.saturating_sub(count(request));
        if records == 0 {
            break;
        }
    }
    Ok(())
}
