//! Attributes of a request or response.

use super::attributes;

attributes! {
    /// Requests and responses.
    MESSAGE {
        CLIENT_ADDRESS = "client.address": String, "IP",
            "IP address of the client, before translation";
        CLIENT_PORT = "client.port": Int, "l4", "its port";
        SERVER_ADDRESS = "server.address": String, "l7.http.url, l7.http.headers, IP",
            "host of the URL, else of `Host` or `:authority`; else the IP address of the server";
        SERVER_PORT = "server.port": Int, "l7.http.url, l7.http.headers, l4",
            "port stated with that host, else the default of the URL's scheme, else that of the \
             connection";
        PROTOCOL_NAME = "network.protocol.name": String, "l7",
            "`http`, `dns`, `kafka`, or the name in Cilium's generic proxy";
        PROTOCOL_VERSION = "network.protocol.version": String, "l7.http.protocol",
            "of HTTP: `1.1`, `2`";
        L7_TYPE = "cilium.l7.type": String, "l7.type", "`REQUEST`, `RESPONSE` or `SAMPLE`";
        L7_SEEN = "cilium.l7.seen": String, "", "`proxy`, or `wire` for messages found in packets";
        L7_INCOMPLETE = "cilium.l7.incomplete": Strings, "",
            "parts of the message that were not captured: `answers`, `rcode`, `records`, `headers`";
        L7_LATENCY = "cilium.l7.latency_ns": Uint, "l7.latency_ns",
            "time between request and response, of a response";
        L7_LATENCY_ERROR = "cilium.l7.latency_error_ns": Uint, "",
            "possible error of the latency, for messages found in packets";
    }
}

attributes! {
    /// HTTP.
    HTTP {
        REQUEST_METHOD = "http.request.method": String, "l7.http.method",
            "the method; `_OTHER` for a non-standard one";
        REQUEST_METHOD_ORIGINAL = "http.request.method_original": String, "l7.http.method",
            "a non-standard method";
        RESPONSE_STATUS_CODE = "http.response.status_code": Int, "l7.http.code",
            "the status, of a response";
        URL_FULL = "url.full": String, "l7.http.url",
            "the URL, if it is absolute, without credentials and signatures";
        URL_SCHEME = "url.scheme": String, "l7.http.url", "its scheme, if it is absolute";
        URL_PATH = "url.path": String, "l7.http.url", "its path";
        URL_QUERY = "url.query": String, "l7.http.url", "its query, without signatures";
        URL_ORIGINAL = "url.original": String, "l7.http.url",
            "a target that is neither a URL nor a path: `*`, or the authority of `CONNECT`";
        USER_AGENT = "user_agent.original": String, "l7.http.headers", "`User-Agent` of a request";
        @prefix REQUEST_HEADER = "http.request.header.<name>": Strings, "l7.http.headers",
            "request headers that are listed in `http_headers`";
        @prefix RESPONSE_HEADER = "http.response.header.<name>": Strings, "l7.http.headers",
            "response headers that are listed in `http_headers`";
    }
}

attributes! {
    /// DNS.
    DNS {
        QUESTION_NAME = "dns.question.name": String, "l7.dns.query",
            "the queried name as in the message, with its last dot: the label `query` of metrics";
        ANSWERS = "dns.answers": Strings, "l7.dns.ips",
            "addresses in the answer; only the first ones if `cilium.l7.incomplete` contains \
             `answers`";
        CNAMES = "cilium.dns.cnames": Strings, "l7.dns.cnames", "canonical names in the answer";
        QTYPES = "cilium.dns.qtypes": Strings, "l7.dns.qtypes", "queried types: `A`, `AAAA`";
        RRTYPES = "cilium.dns.rrtypes": Strings, "l7.dns.rrtypes", "types in the answer";
        RCODE = "cilium.dns.rcode": Int, "l7.dns.rcode",
            "code of a response; absent if it was not captured";
        TTL = "cilium.dns.ttl": Int, "l7.dns.ttl",
            "time to live in seconds; absent if no answer has one or not all were captured";
    }
}

attributes! {
    /// Kafka and the protocols of Cilium's generic proxy.
    OTHER_PROTOCOLS {
        MESSAGING_SYSTEM = "messaging.system": String, "l7.kafka", "`kafka`";
        MESSAGING_DESTINATION = "messaging.destination.name": String, "l7.kafka.topic", "the topic";
        KAFKA_API_KEY = "cilium.kafka.api_key": String, "l7.kafka.api_key",
            "the kind of request: `fetch`";
        KAFKA_API_VERSION = "cilium.kafka.api_version": Int, "l7.kafka.api_version",
            "version of that request";
        KAFKA_CORRELATION_ID = "cilium.kafka.correlation_id": Int, "l7.kafka.correlation_id",
            "number of the request";
        KAFKA_ERROR_CODE = "cilium.kafka.error_code": Int, "l7.kafka.error_code",
            "error code of a response";
        @prefix L7_FIELDS = "cilium.l7.fields.<name>": String, "",
            "fields of a message of the generic proxy";
    }
}

attributes! {
    /// Spans, in addition to those of the response.
    SPAN {
        NETWORK_PEER_ADDRESS = "network.peer.address": String, "IP",
            "IP address of the server on a span of kind CLIENT, of the client on one of kind SERVER";
        NETWORK_PEER_PORT = "network.peer.port": Int, "l4", "its port";
    }
}
