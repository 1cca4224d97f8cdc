//! Builds messages from their parts.

use tidegate_wire::dns::Qtypes;

pub(crate) const QUERY: [u8; 2] = [0x01, 0x00];
pub(crate) const RESPONSE: [u8; 2] = [0x81, 0x80];
/// A pointer to the question's name.
pub(crate) const SAME_NAME: [u8; 2] = [0xc0, 12];

pub(crate) fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

pub(crate) fn header(flags: [u8; 2], counts: [u16; 4]) -> Vec<u8> {
    let mut message = vec![0x12, 0x34];
    message.extend(flags);
    for count in counts {
        message.extend(count.to_be_bytes());
    }
    message
}

pub(crate) fn question(flags: [u8; 2], counts: [u16; 4], query: &str, qtype: u16) -> Vec<u8> {
    let mut message = header(flags, counts);
    message.extend(name(query));
    message.extend(qtype.to_be_bytes());
    message.extend([0, 1]);
    message
}

pub(crate) fn record(owner: &[u8], kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut record = owner.to_vec();
    record.extend(kind.to_be_bytes());
    record.extend([0, 1]);
    record.extend(ttl.to_be_bytes());
    record.extend((data.len() as u16).to_be_bytes());
    record.extend(data);
    record
}

/// A response with an alias, two addresses and EDNS.
pub(crate) fn response() -> Vec<u8> {
    let mut message = question(RESPONSE, [1, 3, 0, 1], "WWW.example.com", 1);
    let alias = [&[3][..], b"cdn", &[0xc0, 16]].concat();
    message.extend(record(&SAME_NAME, 5, 300, &alias));
    let owner = name("cdn.example.com");
    message.extend(record(&owner, 1, 60, &[192, 0, 2, 1]));
    message.extend(record(&owner, 28, 90, &[0xfd; 16]));
    message.extend(record(&[0], 41, 0, &[]));
    message
}

pub(crate) fn qtypes(qtype: u16) -> Qtypes {
    [qtype].as_slice().into()
}

pub(crate) fn with_length(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}
