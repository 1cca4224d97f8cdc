//! The fields that are read: their names as numbers, and the types that those of them have that are
//! not made of others.

use crate::gob::{Error, Tag, TypeId, Value};

const STRING: Option<TypeId> = Some(TypeId::STRING);
const UINT: Option<TypeId> = Some(TypeId::UINT);
const INT: Option<TypeId> = Some(TypeId::INT);
/// Looked at where it is read.
const ANY: Option<TypeId> = None;

/// Added to the tag of a field of another type.
const MISTYPED: Tag = 0x80;

macro_rules! tags {
    ($($tag:ident = $name:literal: $ty:ident,)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "they number the constants")]
        #[repr(u8)]
        enum Number {
            OTHER,
            $($tag,)*
        }

        $(pub(super) const $tag: Tag = Number::$tag as Tag;)*

        fn known(name: &str) -> Option<(Tag, Option<TypeId>)> {
            match name {
                $($name => Some(($tag, $ty)),)*
                _ => None,
            }
        }

        fn wanted(tag: Tag) -> Option<TypeId> {
            match tag {
                $($tag => $ty,)*
                _ => None,
            }
        }
    };
}

tags! {
    TYPE = "Type": STRING,
    TIMESTAMP = "Timestamp": STRING,
    NODE_ADDRESS_INFO = "NodeAddressInfo": ANY,
    OBSERVATION_POINT = "ObservationPoint": STRING,
    SOURCE_ENDPOINT = "SourceEndpoint": ANY,
    DESTINATION_ENDPOINT = "DestinationEndpoint": ANY,
    IP_VERSION = "IPVersion": UINT,
    VERDICT = "Verdict": STRING,
    INFO = "Info": STRING,
    METADATA = "Metadata": ANY,
    TRANSPORT_PROTOCOL = "TransportProtocol": UINT,
    FLOW_EVENT = "FlowEvent": STRING,
    SERVICE_INFO = "ServiceInfo": ANY,
    DROP_REASON = "DropReason": UINT,
    HTTP = "HTTP": ANY,
    KAFKA = "Kafka": ANY,
    DNS = "DNS": ANY,
    L7 = "L7": ANY,
    IPV4 = "IPv4": STRING,
    IPV6 = "IPv6": STRING,
    ID = "ID": UINT,
    PORT = "Port": UINT,
    IDENTITY = "Identity": UINT,
    LABELS = "Labels": ANY,
    SOURCE = "Source": STRING,
    KEY = "Key": STRING,
    VALUE = "Value": STRING,
    NAME = "Name": STRING,
    IP_PORT = "IPPort": ANY,
    IP = "IP": STRING,
    CODE = "Code": INT,
    METHOD = "Method": STRING,
    URL = "URL": ANY,
    PROTOCOL = "Protocol": STRING,
    HEADERS = "Headers": ANY,
    MISSING_HEADERS = "MissingHeaders": ANY,
    REJECTED_HEADERS = "RejectedHeaders": ANY,
    ERROR_CODE = "ErrorCode": INT,
    API_VERSION = "APIVersion": INT,
    API_KEY = "APIKey": STRING,
    CORRELATION_ID = "CorrelationID": INT,
    TOPIC = "Topic": ANY,
    QUERY = "Query": STRING,
    IPS = "IPs": ANY,
    TTL = "TTL": UINT,
    CNAMES = "CNAMEs": ANY,
    OBSERVATION_SOURCE = "ObservationSource": STRING,
    RCODE = "RCode": INT,
    QTYPES = "QTypes": ANY,
    ANSWER_TYPES = "AnswerTypes": ANY,
    PROTO = "Proto": STRING,
    FIELDS = "Fields": ANY,
}

/// The tag of a field: one of the constants if it is one that is read, and of the right type.
pub(super) fn of(name: &str, ty: TypeId) -> Tag {
    match known(name) {
        Some((tag, wanted)) if wanted.is_none_or(|wanted| wanted == ty) => tag,
        Some((tag, _)) => tag | MISTYPED,
        None => Number::OTHER as Tag,
    }
}

/// Passes over a field whose tag is none of `own`, those that its struct has.
///
/// # Errors
/// The type, if the field is one of them, and has another type.
pub(super) fn pass(tag: Tag, field: Value<'_, '_>, own: &[Tag]) -> Result<(), Error> {
    let named = tag & !MISTYPED;
    if tag == named || !own.contains(&named) {
        return field.skip();
    }
    match wanted(named) {
        Some(TypeId::STRING) => field.string().map(drop),
        Some(TypeId::UINT) => field.uint().map(drop),
        _ => field.int().map(drop),
    }
}
