//! The golden values are from another implementation of the definition in `docs/filtering.md`.

use std::net::IpAddr;

use crate::flow::{Flow, Ip, L4, Socket};

fn flow(source: (&str, u16), destination: (&str, u16), l4: fn(u16, u16) -> L4) -> Flow {
    let address = |text: &str| text.parse::<IpAddr>().unwrap().into();
    Flow {
        ip: Some(Ip {
            source: address(source.0),
            destination: address(destination.0),
            ..Ip::default()
        }),
        l4: l4(source.1, destination.1),
        ..Flow::default()
    }
}

fn tcp(source_port: u16, destination_port: u16) -> L4 {
    L4::Tcp {
        source_port,
        destination_port,
        flags: None,
    }
}

fn udp(source_port: u16, destination_port: u16) -> L4 {
    L4::Udp {
        source_port,
        destination_port,
    }
}

fn icmp(_: u16, _: u16) -> L4 {
    L4::Icmpv4 {
        icmp_type: 8,
        code: 0,
    }
}

#[test]
fn the_randomness_of_a_connection_never_changes() {
    let web = flow(("10.0.0.1", 40_000), ("10.0.0.2", 80), tcp);
    let quic = flow(("10.0.0.1", 40_000), ("10.0.0.2", 80), udp);
    let dns = flow(("fd00::1", 53), ("fd00::2", 40_000), udp);
    let ping = flow(("10.0.0.1", 0), ("10.0.0.2", 0), icmp);
    let socket = Flow {
        socket: Some(Box::new(Socket {
            cookie: 0x1234,
            ..Socket::default()
        })),
        ..web.clone()
    };
    for (flow, seed, expected) in [
        (&web, 0, 0x30_db02_8840_b183),
        (&web, 7, 0x94_ead2_85a8_5891),
        (&quic, 0, 0x53_50c8_8830_e5b7),
        (&dns, 0, 0x95_efd9_bfb5_3ce1),
        (&ping, 0, 0x5f_c91d_0358_5aa4),
        (&socket, 0, 0xbd_2534_ba82_5757),
    ] {
        assert_eq!(
            flow.connection_randomness(seed),
            Some(expected),
            "{seed} {flow:?}"
        );
    }
}

#[test]
fn both_directions_have_the_same_randomness() {
    for l4 in [tcp, udp, icmp] {
        let there = flow(("10.0.0.1", 40_000), ("fd00::2", 80), l4);
        let back = flow(("fd00::2", 80), ("10.0.0.1", 40_000), l4);
        let expected = there.connection_randomness(0);
        assert_eq!(back.connection_randomness(0), expected);
        let other = flow(("10.0.0.1", 80), ("fd00::2", 40_000), l4);
        let has_ports = l4(1, 2).ports().is_some();
        assert_eq!(other.connection_randomness(0) != expected, has_ports);
    }
}

#[test]
fn without_addresses_and_cookie_there_is_no_connection() {
    assert_eq!(Flow::default().connection_randomness(0), None);
    let without_cookie = Flow {
        socket: Some(Box::default()),
        ..flow(("10.0.0.1", 40_000), ("10.0.0.2", 80), tcp)
    };
    assert_eq!(
        without_cookie.connection_randomness(0),
        Some(0x30_db02_8840_b183)
    );
}

/// The ephemeral ports of one client are as evenly spread as random numbers would be: the statistic
/// of a chi-squared test with 49 degrees of freedom exceeds 86 once in a thousand times.
#[test]
fn the_randomness_is_spread_evenly() {
    for seed in 0..4 {
        let mut counts = [0_u32; 50];
        for port in 32_768..60_999 {
            let flow = flow(("10.0.1.7", port), ("10.0.2.9", 80), tcp);
            let randomness = flow.connection_randomness(seed).unwrap();
            counts[((randomness * 50) >> 56) as usize] += 1;
        }
        let expected = f64::from(counts.iter().sum::<u32>()) / 50.0;
        let squares = counts.map(|n| (f64::from(n) - expected).powi(2) / expected);
        let sum: f64 = squares.iter().sum();
        assert!(sum < 86.0, "seed {seed}: {sum}");
    }
}
