//! Names of DNS types and response codes, as printed by gopacket (1.6), which Hubble uses.

/// Name of a record or query type; `Unknown` for a type that Hubble's packet library does not name.
#[must_use]
pub fn qtype_name(qtype: u16) -> &'static str {
    match qtype {
        1 => "A",
        2 => "NS",
        3 => "MD",
        4 => "MF",
        5 => "CNAME",
        6 => "SOA",
        7 => "MB",
        8 => "MG",
        9 => "MR",
        10 => "NULL",
        11 => "WKS",
        12 => "PTR",
        13 => "HINFO",
        14 => "MINFO",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        41 => "OPT",
        46 => "RRSIG",
        48 => "DNSKEY",
        64 => "SVCB",
        65 => "HTTPS",
        256 => "URI",
        _ => "Unknown",
    }
}

/// Text of a response code in summaries, as in gopacket; `Unknown` for other codes.
#[must_use]
pub fn rcode_text(rcode: u32) -> &'static str {
    match rcode {
        9 => "Server Not Authoritative for zone",
        11 => "Unknown",
        23 => "Bad Cookie",
        _ => rcode_name(rcode).unwrap_or("Unknown"),
    }
}

/// Value of the `rcode` label of Hubble's metrics (`pkg/hubble/metrics/dns`); `None` for a code
/// without one.
#[must_use]
pub fn rcode_name(rcode: u32) -> Option<&'static str> {
    Some(match rcode {
        0 => "No Error",
        1 => "Format Error",
        2 => "Server Failure",
        3 => "Non-Existent Domain",
        4 => "Not Implemented",
        5 => "Query Refused",
        6 => "Name Exists when it should not",
        7 => "RR Set Exists when it should not",
        8 => "RR Set that should exist does not",
        9 => "Not Authorized",
        10 => "Name not contained in zone",
        11 => "DSO-TYPE Not Implemented",
        16 => "Bad OPT Version",
        17 => "Key not recognized",
        18 => "Signature out of time window",
        19 => "Bad TKEY Mode",
        20 => "Duplicate key name",
        21 => "Algorithm not supported",
        22 => "Bad Truncation",
        23 => "Bad/missing Server Cookie",
        _ => return None,
    })
}
