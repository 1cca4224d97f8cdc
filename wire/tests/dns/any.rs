//! Messages with any parts, and any bytes.

use std::net::IpAddr;

use proptest::prelude::*;
use tidegate_wire::dns::{Message, parse_tcp, parse_udp};

use crate::support::{
    QUERY, RESPONSE, SAME_NAME, header, name, qtypes, question, record, with_length,
};

/// Addresses and aliases in the order of their records.
fn answers() -> impl Strategy<Value = Vec<(Answer, u32)>> {
    let answer = prop_oneof![
        any::<IpAddr>().prop_map(Answer::Ip),
        NAME.prop_map(Answer::Alias)
    ];
    proptest::collection::vec((answer, any::<u32>()), 0..8)
}

#[derive(Debug, Clone)]
enum Answer {
    Ip(IpAddr),
    Alias(String),
}

impl Answer {
    fn kind(&self) -> u16 {
        match self {
            Self::Ip(IpAddr::V4(_)) => 1,
            Self::Ip(IpAddr::V6(_)) => 28,
            Self::Alias(_) => 5,
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Self::Ip(IpAddr::V4(ip)) => ip.octets().to_vec(),
            Self::Ip(IpAddr::V6(ip)) => ip.octets().to_vec(),
            Self::Alias(target) => name(target),
        }
    }
}

const NAME: &str = "([a-z0-9_-]{1,63}\\.){1,3}";

proptest! {
    #[test]
    fn the_parts_of_a_message_are_read_from_it(
        query in NAME,
        qtype in 1_u16..,
        answers in answers(),
    ) {
        let mut message = question(RESPONSE, [1, answers.len() as u16, 0, 0], &query, qtype);
        for (answer, ttl) in &answers {
            message.extend(record(&SAME_NAME, answer.kind(), *ttl, &answer.data()));
        }
        let mut expected = Message {
            id: 0x1234,
            response: true,
            rcode: Some(0),
            query,
            qtypes: qtypes(qtype),
            ttl: answers.iter().map(|(_, ttl)| *ttl).min(),
            has_all_answers: true,
            complete: true,
            ..Message::default()
        };
        for (answer, _) in answers {
            expected.answer_types.push(answer.kind());
            match answer {
                Answer::Ip(ip) => expected.ips.push(ip),
                Answer::Alias(target) => expected.cnames.push(target),
            }
        }
        prop_assert_eq!(parse_tcp(&with_length(&message)), Ok(expected.clone()));
        prop_assert_eq!(parse_udp(&message), Ok(expected));
    }

    #[test]
    fn any_bytes_result_in_a_message_or_a_reason(
        flags in prop_oneof![Just(QUERY), Just(RESPONSE)],
        counts in [1_u16..2, 0..4, 0..2, 0..2],
        body in proptest::collection::vec(prop_oneof![any::<u8>(), 0_u8..4, Just(0xc0)], 0..120),
        free in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        let message = [header(flags, counts), body].concat();
        for bytes in [message, free] {
            for message in [parse_udp(&bytes), parse_tcp(&bytes)].into_iter().flatten() {
                prop_assert!(message.query.ends_with('.') || message.qtypes.is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 12..100)) {
        prop_assert!(parse_udp(&bytes).is_err());
        prop_assert!(parse_tcp(&bytes).is_err());
    }
}
