//! Events with any fields, in the layouts of all releases, are decoded as they were encoded, except
//! for the fields that the release lacks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tidegate_wire::event::{
    CaptureFields, Common, DebugFields, DropFields, Encoder, Event, Hints, PacketEvent,
    PolicyFields, Profile, RecorderFields, SockFields, TraceFields, flags, parse,
};

fn hints(profile: Profile) -> Hints {
    let minor = match profile {
        Profile::V1_12 => 12,
        Profile::V1_13 => 13,
        Profile::V1_17_4 => 17,
        Profile::V1_18 => 18,
        Profile::V1_19 => 19,
    };
    Hints::for_release(1, minor)
}

fn known_flags(profile: Profile) -> u8 {
    match profile {
        Profile::V1_12 | Profile::V1_13 => flags::IPV6,
        Profile::V1_17_4 => flags::IPV6 | flags::L3_DEVICE,
        Profile::V1_18 | Profile::V1_19 => {
            flags::IPV6 | flags::L3_DEVICE | flags::VXLAN | flags::GENEVE
        }
    }
}

fn encoders() -> impl Strategy<Value = Encoder> {
    (select(Profile::ALL.to_vec()), any::<u8>())
        .prop_map(|(profile, padding)| Encoder { profile, padding })
}

fn packets() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..200)
}

prop_compose! {
    fn common()((subtype, source, hash, len_orig) in any::<(u8, u16, u32, u32)>()) -> Common {
        Common { subtype, source, hash, len_orig }
    }
}

prop_compose! {
    fn drops()(
        common in common(),
        (src_label, dst_label, dst_id, ifindex, ip_trace_id) in any::<(u32, u32, u32, u32, u64)>(),
        (line, file, ext_error, flags) in any::<(u16, u8, i8, u8)>(),
    ) -> DropFields {
        DropFields {
            common, src_label, dst_label, dst_id, line, file, ext_error, ifindex, flags,
            ip_trace_id,
        }
    }
}

prop_compose! {
    fn traces()(
        common in common(),
        (src_label, dst_label, dst_id, ifindex, ip_trace_id) in any::<(u32, u32, u16, u32, u64)>(),
        reason in 0_u8..0x80,
        (encrypted, flags, orig_ip) in any::<(bool, u8, [u8; 16])>(),
    ) -> TraceFields {
        TraceFields {
            common, src_label, dst_label, dst_id, reason, encrypted, flags, ifindex, orig_ip,
            ip_trace_id,
        }
    }
}

prop_compose! {
    fn verdicts()(
        common in common(),
        (remote_label, verdict, dst_port, cookie) in any::<(u32, i32, u16, u32)>(),
        (proto, flags, auth_type) in any::<(u8, u8, u8)>(),
    ) -> PolicyFields {
        PolicyFields { common, remote_label, verdict, dst_port, proto, flags, auth_type, cookie }
    }
}

prop_compose! {
    fn socks()(
        (xlate_point, dst_ip, dst_port, l4_proto, flags) in any::<(u8, [u8; 16], u16, u8, u8)>(),
        (sock_cookie, cgroup_id) in any::<(u64, u64)>(),
    ) -> SockFields {
        SockFields { xlate_point, dst_ip, dst_port, sock_cookie, cgroup_id, l4_proto, flags }
    }
}

/// Encodes an event and passes the decoded one to `check`.
fn round_trip<T>(
    encoder: Encoder,
    encode: impl FnOnce(&mut Vec<u8>),
    check: impl FnOnce(Event<'_>) -> T,
) -> T {
    let mut data = Vec::new();
    encode(&mut data);
    check(parse(&data, &hints(encoder.profile)).unwrap())
}

proptest! {
    #[test]
    fn a_drop_is_decoded_as_it_was_encoded(
        encoder in encoders(),
        fields in drops(),
        packet in packets(),
    ) {
        let profile = encoder.profile;
        let known = DropFields {
            ifindex: if profile < Profile::V1_13 { 0 } else { fields.ifindex },
            flags: if profile < Profile::V1_17_4 { 0 } else { fields.flags & known_flags(profile) },
            ip_trace_id: if profile < Profile::V1_19 { 0 } else { fields.ip_trace_id },
            ..fields
        };
        round_trip(encoder, |out| encoder.drop(&fields, &packet, out), |event| {
            let Event::Drop(event) = event else { panic!("{event:?}") };
            prop_assert_eq!((event.fields(), event.packet()), (known, &*packet));
            Ok(())
        })?;
    }

    #[test]
    fn a_trace_is_decoded_as_it_was_encoded(
        encoder in encoders(),
        fields in traces(),
        packet in packets(),
    ) {
        let profile = encoder.profile;
        let known = TraceFields {
            flags: fields.flags & known_flags(profile),
            ip_trace_id: if profile < Profile::V1_19 { 0 } else { fields.ip_trace_id },
            ..fields
        };
        round_trip(encoder, |out| encoder.trace(&fields, &packet, out), |event| {
            let Event::Trace(event) = event else { panic!("{event:?}") };
            prop_assert_eq!((event.fields(), event.packet()), (known, &*packet));
            Ok(())
        })?;
    }

    #[test]
    fn a_verdict_is_decoded_as_it_was_encoded(
        encoder in encoders(),
        fields in verdicts(),
        packet in packets(),
    ) {
        let cookie = if encoder.profile < Profile::V1_19 { 0 } else { fields.cookie };
        round_trip(encoder, |out| encoder.policy_verdict(&fields, &packet, out), |event| {
            let Event::PolicyVerdict(event) = event else { panic!("{event:?}") };
            let expected = PolicyFields { cookie, ..fields };
            prop_assert_eq!((event.fields(), event.packet()), (expected, &*packet));
            Ok(())
        })?;
    }

    #[test]
    fn captures_are_decoded_as_they_were_encoded(
        encoder in encoders(),
        (common, arg1, arg2) in (common(), any::<u32>(), any::<u32>()),
        (subtype, rule_id, time_boot, len_orig) in any::<(u8, u16, u64, u32)>(),
        packet in packets(),
    ) {
        let fields = CaptureFields { common, arg1, arg2 };
        let recorded = RecorderFields { subtype, rule_id, time_boot, len_orig };
        round_trip(encoder, |out| encoder.capture(&fields, &packet, out), |event| {
            let Event::Capture(event) = event else { panic!("{event:?}") };
            prop_assert_eq!((event.fields(), event.packet()), (fields, &*packet));
            Ok(())
        })?;
        round_trip(encoder, |out| encoder.recorder(&recorded, &packet, out), |event| {
            let Event::Recorder(event) = event else { panic!("{event:?}") };
            prop_assert_eq!((event.fields(), event.packet()), (recorded, &*packet));
            Ok(())
        })?;
    }

    #[test]
    fn events_without_a_packet_are_decoded_as_they_were_encoded(
        encoder in encoders(),
        sock in socks(),
        (subtype, source, hash, args) in any::<(u8, u16, u32, [u32; 3])>(),
    ) {
        round_trip(encoder, |out| encoder.trace_sock(&sock, out), |event| {
            let Event::TraceSock(event) = event else { panic!("{event:?}") };
            prop_assert_eq!(event.fields(), sock);
            Ok(())
        })?;
        let debug = DebugFields { subtype, source, hash, args };
        round_trip(encoder, |out| encoder.debug(&debug, out), |event| {
            let Event::Debug(event) = event else { panic!("{event:?}") };
            prop_assert_eq!(event.fields(), debug);
            Ok(())
        })?;
    }
}
