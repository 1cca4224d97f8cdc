//! Reads the part of a `LogRecord` that belongs to one protocol.

use super::decode::{list, lossy, narrow, structure, text};
use super::{Answer, Dns, Error, Headers, Http, Kafka, L7};
use crate::gob::{Type, Value};
use std::collections::BTreeMap;
use std::net::Ipv6Addr;

pub(super) fn http(value: Value<'_, '_>) -> Result<Http, Error> {
    structure(value, |http: &mut Http, name, field| {
        match name {
            "Code" => http.code = field.int()?,
            "Method" => http.method = text(field)?,
            "URL" => http.url = Some(lossy(field.octets()?)),
            "Protocol" => http.protocol = text(field)?,
            "Headers" => http.headers = headers(field)?,
            "MissingHeaders" => http.missing_headers = headers(field)?,
            "RejectedHeaders" => http.rejected_headers = headers(field)?,
            _ => field.skip()?,
        }
        Ok(())
    })
}

pub(super) fn kafka(value: Value<'_, '_>) -> Result<Kafka, Error> {
    structure(value, |kafka: &mut Kafka, name, field| {
        match name {
            "ErrorCode" => kafka.error_code = field.int()?,
            "APIVersion" => kafka.api_version = narrow(field.int()?, "APIVersion")?,
            "APIKey" => kafka.api_key = text(field)?,
            "CorrelationID" => kafka.correlation_id = narrow(field.int()?, "CorrelationID")?,
            "Topic" => kafka.topic = topic(field)?,
            _ => field.skip()?,
        }
        Ok(())
    })
}

pub(super) fn dns(value: Value<'_, '_>) -> Result<Dns, Error> {
    let qtype = |value: Value<'_, '_>| narrow(value.uint()?, "QTypes");
    let answer_type = |value: Value<'_, '_>| narrow(value.uint()?, "AnswerTypes");
    structure(value, |dns: &mut Dns, name, field| {
        match name {
            "Query" => dns.query = text(field)?,
            "IPs" => dns.ips = list(field, address)?,
            "TTL" => dns.ttl = narrow(field.uint()?, "TTL")?,
            "CNAMEs" => dns.cnames = list(field, text)?,
            "ObservationSource" => dns.observation_source = text(field)?,
            "RCode" => dns.rcode = field.int()?,
            "QTypes" => dns.qtypes = list(field, qtype)?,
            "AnswerTypes" => dns.answer_types = list(field, answer_type)?,
            _ => field.skip()?,
        }
        Ok(())
    })
}

pub(super) fn l7(value: Value<'_, '_>) -> Result<L7, Error> {
    structure(value, |l7: &mut L7, name, field| {
        match name {
            "Proto" => l7.proto = text(field)?,
            "Fields" => l7.fields = Some(map(field, text)?),
            _ => field.skip()?,
        }
        Ok(())
    })
}

fn topic(value: Value<'_, '_>) -> Result<String, Error> {
    structure(value, |topic: &mut String, name, field| {
        match name {
            "Topic" => *topic = text(field)?,
            _ => field.skip()?,
        }
        Ok(())
    })
}

fn headers(value: Value<'_, '_>) -> Result<Headers, Error> {
    map(value, |values| list(values, text)).map(Some)
}

/// A map; the last of equal keys counts, as in Go.
fn map<T>(
    value: Value<'_, '_>,
    mut element: impl FnMut(Value<'_, '_>) -> Result<T, Error>,
) -> Result<BTreeMap<String, T>, Error> {
    let mut entries = BTreeMap::new();
    value.entries(|key, value| {
        let value = element(value)?;
        entries.insert(lossy(key), value);
        Ok::<_, Error>(())
    })?;
    Ok(entries)
}

/// `net.IP`, which is bytes, or `netip.Addr`, which marshals itself and may have a zone.
fn address(value: Value<'_, '_>) -> Result<Answer, Error> {
    let is_plain = *value.ty()? == Type::Bytes;
    let octets = value.octets()?;
    if octets.is_empty() {
        return Ok(Answer::Invalid);
    }
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Ok(Answer::Ip(v4.into()));
    }
    let Some((v6, zone)) = octets.split_first_chunk::<16>() else { return Err(Error::AddressLength(octets.len())) };
    let v6 = Ipv6Addr::from(*v6);
    match v6.to_ipv4_mapped() {
        _ if is_plain && !zone.is_empty() => Err(Error::AddressLength(octets.len())),
        _ if !zone.is_empty() => Ok(Answer::Zoned(v6, lossy(zone).into())),
        Some(v4) if is_plain => Ok(Answer::Ip(v4.into())),
        _ => Ok(Answer::Ip(v6.into())),
    }
}
