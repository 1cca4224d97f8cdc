//! The names of the fields that are read, as numbers.

use crate::gob::Tag;

macro_rules! tags {
    ($($tag:ident = $name:literal,)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "they number the constants")]
        #[repr(u8)]
        enum Number {
            OTHER,
            $($tag,)*
        }

        $(pub(super) const $tag: Tag = Number::$tag as Tag;)*

        /// The tag of a field's name; one that is none of the constants for any other name.
        pub(super) fn of(name: &str) -> Tag {
            match name {
                $($name => $tag,)*
                _ => Number::OTHER as Tag,
            }
        }
    };
}

tags! {
    TYPE = "Type",
    TIMESTAMP = "Timestamp",
    NODE_ADDRESS_INFO = "NodeAddressInfo",
    OBSERVATION_POINT = "ObservationPoint",
    SOURCE_ENDPOINT = "SourceEndpoint",
    DESTINATION_ENDPOINT = "DestinationEndpoint",
    IP_VERSION = "IPVersion",
    VERDICT = "Verdict",
    INFO = "Info",
    METADATA = "Metadata",
    TRANSPORT_PROTOCOL = "TransportProtocol",
    FLOW_EVENT = "FlowEvent",
    SERVICE_INFO = "ServiceInfo",
    DROP_REASON = "DropReason",
    HTTP = "HTTP",
    KAFKA = "Kafka",
    DNS = "DNS",
    L7 = "L7",
    IPV4 = "IPv4",
    IPV6 = "IPv6",
    ID = "ID",
    PORT = "Port",
    IDENTITY = "Identity",
    LABELS = "Labels",
    SOURCE = "Source",
    KEY = "Key",
    VALUE = "Value",
    NAME = "Name",
    IP_PORT = "IPPort",
    IP = "IP",
    CODE = "Code",
    METHOD = "Method",
    URL = "URL",
    PROTOCOL = "Protocol",
    HEADERS = "Headers",
    MISSING_HEADERS = "MissingHeaders",
    REJECTED_HEADERS = "RejectedHeaders",
    ERROR_CODE = "ErrorCode",
    API_VERSION = "APIVersion",
    API_KEY = "APIKey",
    CORRELATION_ID = "CorrelationID",
    TOPIC = "Topic",
    QUERY = "Query",
    IPS = "IPs",
    TTL = "TTL",
    CNAMES = "CNAMEs",
    OBSERVATION_SOURCE = "ObservationSource",
    RCODE = "RCode",
    QTYPES = "QTypes",
    ANSWER_TYPES = "AnswerTypes",
    PROTO = "Proto",
    FIELDS = "Fields",
}
