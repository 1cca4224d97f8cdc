//! The notes of `http_flow`, counted once for each message unless stated otherwise.

/// All of them.
pub(crate) const ALL: &[&str] = &[
    crate::l7::pending::TABLE_FULL,
    BAD_HEADER,
    HEAD_CUT,
    START_LINE_CUT,
    START_LINE_UNREAD,
    BODY_BEYOND_PACKET,
    END_UNCLEAR,
    REST_UNREAD,
    INTERIM_RESPONSE,
    UNRELATED_RESPONSE,
    CONNECTIONS_FULL,
];

/// A malformed header line, which is ignored; once for each line.
pub(super) const BAD_HEADER: &str = "http_bad_header";

/// The packet ends inside the headers. The next message on the connection is found only if a packet
/// begins with it.
pub(super) const HEAD_CUT: &str = "http_head_cut";

/// The packet ends inside a possible start line, so there is no flow; once for each report of the
/// packet.
pub(super) const START_LINE_CUT: &str = "http_start_line_cut";

/// The packet, or the rest of it after a message, begins with a line that names HTTP but is not a
/// valid start line of HTTP/1: it has another version, or an invalid method, target or status; once
/// for each report of the packet.
pub(super) const START_LINE_UNREAD: &str = "http_start_line_unread";

/// The message ends in a later packet. The next message is found only if a packet begins with it.
pub(super) const BODY_BEYOND_PACKET: &str = "http_body_beyond_packet";

/// The end of the message is unclear, so the rest of the packet is not read.
pub(super) const END_UNCLEAR: &str = "http_end_unclear";

/// The rest of the packet after the message is not a head, and not read.
pub(super) const REST_UNREAD: &str = "http_rest_unread";

/// An interim response (1xx except 101), which is counted as part of the final one.
pub(super) const INTERIM_RESPONSE: &str = "http_interim_response";

/// No request was read that the response certainly answers, so its method and URL are unknown.
pub(super) const UNRELATED_RESPONSE: &str = "http_unrelated_response";

/// A connection was evicted before it ended; once for each connection.
pub(super) const CONNECTIONS_FULL: &str = "http_connections_full";
