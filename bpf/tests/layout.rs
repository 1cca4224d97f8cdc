//! The layouts that the Rust side reads are those of the object, by its types.

#![expect(clippy::expect_used, reason = "the object is well-formed")]

use tidegate_bpf::layout::{self, extension};
use tidegate_bpf::{Btf, OBJECT};

fn number<const N: usize>(at: usize) -> usize {
    let bytes = OBJECT.get(at..at + N).expect("within the object");
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// The contents of a section of the object, an ELF file of 64 bits.
fn section(name: &str) -> &'static [u8] {
    let headers = number::<8>(0x28);
    let header = |index: usize| headers + index * number::<2>(0x3a);
    let contents = |index: usize| {
        let start = number::<8>(header(index) + 24);
        &OBJECT[start..start + number::<8>(header(index) + 32)]
    };
    let names = contents(number::<2>(0x3e));
    let is_named = |index: &usize| {
        let rest = &names[number::<4>(header(*index))..];
        rest.starts_with(name.as_bytes()) && rest.get(name.len()) == Some(&0)
    };
    let found = (0..number::<2>(0x3c)).find(is_named);
    contents(found.expect("the section exists"))
}

/// The offsets of fields of a structure, in the order of the names, and the structure's length.
fn offsets(structure: &str, names: &[&str]) -> (usize, Vec<usize>) {
    let btf = Btf::new(section(".BTF")).expect("BTF");
    let (size, fields) = btf.structure(structure).expect("the structure exists");
    let offset = |name: &&str| {
        let field = fields.iter().find(|field| field.name == *name);
        field.expect("the field exists").offset as usize
    };
    (size as usize, names.iter().map(offset).collect())
}

#[test]
fn the_extension_has_the_offsets_that_are_read() {
    let names = [
        "time",
        "cgroup",
        "bytes",
        "packets",
        "netns",
        "kernel_reason",
        "direction",
        "tcp_flags",
        "cpu",
    ];
    let read = vec![
        extension::TIME,
        extension::CGROUP,
        extension::BYTES,
        extension::PACKETS,
        extension::NETNS,
        extension::KERNEL_REASON,
        extension::DIRECTION,
        extension::TCP_FLAGS,
        extension::CPU,
    ];
    assert_eq!(offsets("extension", &names), (layout::EXTENSION_LEN, read));
}

#[test]
fn traces_have_cilium_s_header_and_then_the_extension() {
    let trace = [
        "type",
        "observation_point",
        "source",
        "hash",
        "original_len",
        "captured_len",
        "version",
        "extension_version",
        "source_label",
        "destination_label",
        "destination_id",
        "reason",
        "flags",
        "ifindex",
        "original_ip",
        "ip_trace_id",
        "extension",
    ];
    let expected = vec![
        0, 1, 2, 4, 8, 12, 14, 15, 16, 20, 24, 26, 27, 28, 32, 48, 56,
    ];
    assert_eq!(offsets("trace_event", &trace), (96, expected));
    assert_eq!(layout::TRACE_EXTENSION, 56);
}

#[test]
fn drops_have_cilium_s_header_and_then_the_extension() {
    let drop = [
        "type",
        "code",
        "source",
        "hash",
        "original_len",
        "captured_len",
        "version",
        "extension_version",
        "source_label",
        "destination_label",
        "destination_id",
        "line",
        "file",
        "extended_error",
        "ifindex",
        "flags",
        "ip_trace_id",
        "extension",
    ];
    let expected = vec![
        0, 1, 2, 4, 8, 12, 14, 15, 16, 20, 24, 28, 30, 31, 32, 36, 40, 48,
    ];
    assert_eq!(offsets("drop_event", &drop), (88, expected));
    assert_eq!(layout::DROP_EXTENSION, 48);
}

#[test]
fn malformed_types_are_refused_or_lack_what_is_asked_for() {
    let types = section(".BTF");
    for len in 0..types.len() {
        if let Some(btf) = Btf::new(&types[..len]) {
            assert!(btf.structure("no_such_structure").is_none(), "{len}");
        }
    }
    assert!(Btf::new(&[0; 64]).is_none());
}
