//! `error.type`: the class of error that a packet or message ended with.

use tidegate_model::flow::{Direction, Flow, L7, L7Record, L7Type, Verdict};

use super::record_writer::LogRecordWriter;
use crate::otlp::mapping;

/// The class of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorType {
    Name(&'static str),
    /// A number of the protocol, or of a reason without a name.
    Number(i64),
}

impl ErrorType {
    /// Returns the class of a flow's error; `None` for a flow that is none.
    pub(super) fn of(flow: &Flow) -> Option<Self> {
        let reason = flow.drop_reason;
        if reason.0 != 0 {
            let number = Self::Number(reason.0.into());
            return Some(reason.name().map_or(number, Self::Name));
        }
        let of_message = |l7: &L7| Self::of_message(l7, flow.direction);
        flow.l7
            .as_deref()
            .and_then(of_message)
            .or(match flow.verdict {
                Verdict::Dropped | Verdict::Error => Some(Self::Name(flow.verdict.name())),
                _ => None,
            })
    }

    /// A status from 400 to 499 is an error for the client alone, by the conventions for HTTP.
    fn of_message(l7: &L7, direction: Direction) -> Option<Self> {
        match &l7.record {
            L7Record::Dns(dns) if l7.l7_type == L7Type::Response => match dns.rcode? {
                0 => None,
                rcode => Some(rcode_mnemonic(rcode).map_or(Self::Number(rcode.into()), Self::Name)),
            },
            L7Record::Http(http) => {
                let first = if direction == Direction::Egress {
                    400
                } else {
                    500
                };
                (http.code >= first).then_some(Self::Number(http.code.into()))
            }
            L7Record::Kafka(kafka) if kafka.error_code != 0 => {
                Some(Self::Number(kafka.error_code.into()))
            }
            _ => None,
        }
    }

    /// Writes the attribute.
    pub(super) fn write(self, out: &mut LogRecordWriter<'_>) {
        match self {
            Self::Name(name) => out.string(mapping::ERROR_TYPE, name),
            Self::Number(number) => out.display(mapping::ERROR_TYPE, number),
        }
    }
}

/// Returns IANA's name of a DNS response code; `None` for codes without one.
fn rcode_mnemonic(rcode: u32) -> Option<&'static str> {
    Some(match rcode {
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "YXDOMAIN",
        7 => "YXRRSET",
        8 => "NXRRSET",
        9 => "NOTAUTH",
        10 => "NOTZONE",
        11 => "DSOTYPENI",
        16 => "BADVERS",
        17 => "BADKEY",
        18 => "BADTIME",
        19 => "BADMODE",
        20 => "BADNAME",
        21 => "BADALG",
        22 => "BADTRUNC",
        23 => "BADCOOKIE",
        _ => return None,
    })
}
