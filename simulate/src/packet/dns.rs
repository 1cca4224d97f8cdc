//! Builds DNS messages.

use std::net::IpAddr;

use tidegate_wire::dns::record_type;

const TTL: u32 = 30;

/// Builds a query for one name.
pub(crate) fn query(id: u16, name: &str, qtype: u16) -> Vec<u8> {
    message(id, 0x0100, name, qtype, 0)
}

/// Builds an answer with a canonical name, if any, and addresses.
pub(crate) fn answer(
    id: u16,
    name: &str,
    qtype: u16,
    rcode: u8,
    cname: Option<&str>,
    ips: &[IpAddr],
) -> Vec<u8> {
    let count = ips.len() + usize::from(cname.is_some());
    let mut out = message(
        id,
        0x8180 | u16::from(rcode),
        name,
        qtype,
        u16::try_from(count).unwrap_or(u16::MAX),
    );
    if let Some(cname) = cname {
        let mut target = Vec::new();
        put_name(&mut target, cname);
        put_record(&mut out, record_type::CNAME, &target);
    }
    for ip in ips {
        match ip {
            IpAddr::V4(v4) => put_record(&mut out, record_type::A, &v4.octets()),
            IpAddr::V6(v6) => put_record(&mut out, record_type::AAAA, &v6.octets()),
        }
    }
    out
}

fn message(id: u16, flags: u16, name: &str, qtype: u16, answers: u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    for word in [id, flags, 1, answers, 0, 0] {
        out.extend(word.to_be_bytes());
    }
    put_name(&mut out, name);
    out.extend(qtype.to_be_bytes());
    out.extend([0, 1]);
    out
}

fn put_name(out: &mut Vec<u8>, name: &str) {
    for label in name.trim_end_matches('.').split('.') {
        let label = &label.as_bytes()[..label.len().min(63)];
        out.push(u8::try_from(label.len()).unwrap_or(63));
        out.extend_from_slice(label);
    }
    out.push(0);
}

/// Appends a record of the question's name.
fn put_record(out: &mut Vec<u8>, rtype: u16, data: &[u8]) {
    out.extend([0xc0, 0x0c]);
    out.extend(rtype.to_be_bytes());
    out.extend([0, 1]);
    out.extend(TTL.to_be_bytes());
    out.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(data);
}
