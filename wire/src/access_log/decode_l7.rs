//! Reads the part of a `LogRecord` that belongs to one protocol.

use super::decode::{list, narrow, text, texts};
use super::lists::{Addresses, Map, Numbers, Texts, address};
use super::view::{DnsView, HttpView, KafkaView, L7View};
use super::{Error, tag};
use crate::gob::{Type, Value};
use crate::text::Text;

pub(super) fn http<'a>(value: Value<'_, 'a>, http: &mut HttpView<'a>) -> Result<(), Error> {
    let mut fields = value.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::CODE => http.code = field.tagged_int()?,
            tag::METHOD => http.method = text(field)?,
            tag::URL => http.url = Some(Text(field.octets()?)),
            tag::PROTOCOL => http.protocol = text(field)?,
            tag::HEADERS => http.headers = Some(headers(field)?),
            tag::MISSING_HEADERS => http.missing_headers = Some(headers(field)?),
            tag::REJECTED_HEADERS => http.rejected_headers = Some(headers(field)?),
            _ => tag::pass(
                tag,
                field,
                &[
                    tag::CODE,
                    tag::METHOD,
                    tag::URL,
                    tag::PROTOCOL,
                    tag::HEADERS,
                    tag::MISSING_HEADERS,
                    tag::REJECTED_HEADERS,
                ],
            )?,
        }
    }
    Ok(())
}

pub(super) fn kafka<'a>(value: Value<'_, 'a>, kafka: &mut KafkaView<'a>) -> Result<(), Error> {
    let mut fields = value.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::ERROR_CODE => kafka.error_code = field.tagged_int()?,
            tag::API_VERSION => kafka.api_version = narrow(field.tagged_int()?, "APIVersion")?,
            tag::API_KEY => kafka.api_key = text(field)?,
            tag::CORRELATION_ID => {
                kafka.correlation_id = narrow(field.tagged_int()?, "CorrelationID")?
            }
            tag::TOPIC => topic(field, &mut kafka.topic)?,
            _ => tag::pass(
                tag,
                field,
                &[
                    tag::ERROR_CODE,
                    tag::API_VERSION,
                    tag::API_KEY,
                    tag::CORRELATION_ID,
                    tag::TOPIC,
                ],
            )?,
        }
    }
    Ok(())
}

fn topic<'a>(value: Value<'_, 'a>, topic: &mut Text<'a>) -> Result<(), Error> {
    let mut fields = value.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::TOPIC => *topic = Text(field.string()?),
            _ => tag::pass(tag, field, &[tag::TOPIC])?,
        }
    }
    Ok(())
}

pub(super) fn dns<'a>(value: Value<'_, 'a>, dns: &mut DnsView<'a>) -> Result<(), Error> {
    let mut fields = value.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::QUERY => dns.query = text(field)?,
            tag::IPS => dns.ips = addresses(field)?,
            tag::TTL => dns.ttl = narrow(field.tagged_uint()?, "TTL")?,
            tag::CNAMES => dns.cnames = texts(field)?,
            tag::OBSERVATION_SOURCE => dns.observation_source = text(field)?,
            tag::RCODE => dns.rcode = field.tagged_int()?,
            tag::QTYPES => dns.qtypes = numbers(field, "QTypes")?,
            tag::ANSWER_TYPES => dns.answer_types = numbers(field, "AnswerTypes")?,
            _ => tag::pass(
                tag,
                field,
                &[
                    tag::QUERY,
                    tag::IPS,
                    tag::TTL,
                    tag::CNAMES,
                    tag::OBSERVATION_SOURCE,
                    tag::RCODE,
                    tag::QTYPES,
                    tag::ANSWER_TYPES,
                ],
            )?,
        }
    }
    Ok(())
}

fn numbers<'a>(value: Value<'_, 'a>, field: &'static str) -> Result<Numbers<'a>, Error> {
    list(value, |number| {
        narrow::<_, u16>(number.uint()?, field).map(drop)
    })
    .map(Numbers)
}

fn addresses<'a>(value: Value<'_, 'a>) -> Result<Addresses<'a>, Error> {
    let mut are_plain = false;
    let bytes = list(value, |element| {
        are_plain = *element.ty()? == Type::Bytes;
        let octets = element.octets()?;
        address(octets, are_plain)
            .map(drop)
            .ok_or(Error::AddressLength(octets.len()))
    })?;
    Ok(Addresses { bytes, are_plain })
}

pub(super) fn l7<'a>(value: Value<'_, 'a>, l7: &mut L7View<'a>) -> Result<(), Error> {
    let mut fields = value.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::PROTO => l7.proto = text(field)?,
            tag::FIELDS => {
                l7.fields = Some(Map::of_texts(map(field, |value| {
                    Ok(value.string().map(drop)?)
                })?))
            }
            _ => tag::pass(tag, field, &[tag::PROTO, tag::FIELDS])?,
        }
    }
    Ok(())
}

fn headers<'a>(value: Value<'_, 'a>) -> Result<Map<'a, Texts<'a>>, Error> {
    map(value, |values| texts(values).map(drop)).map(Map::of_lists)
}

/// The bytes of a map from texts to what `check` reads.
fn map<'a>(
    value: Value<'_, 'a>,
    mut check: impl FnMut(Value<'_, 'a>) -> Result<(), Error>,
) -> Result<&'a [u8], Error> {
    let (bytes, _) = value.bytes(|map| map.entries(|_, value| check(value)))?;
    Ok(bytes)
}
