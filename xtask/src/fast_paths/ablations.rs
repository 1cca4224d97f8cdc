//! The fast paths, and the edits that take each out of the sources.

/// A fast path.
pub(super) struct Ablation {
    pub(super) name: &'static str,
    /// As the page calls it.
    pub(super) title: &'static str,
    /// Whether the whole agent is measured, and not the chain of processors.
    pub(super) of_agent: bool,
    /// The row of the benchmark that shows the gain.
    pub(super) row: &'static str,
    /// The row whose costs are not the part's, if rows are sums.
    pub(super) base: Option<&'static str>,
    /// The property test that compares it with the general path.
    pub(super) property: &'static str,
    pub(super) edits: &'static [Edit],
}

/// A replacement in a file of a text that is there once.
pub(super) struct Edit {
    pub(super) file: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

pub(super) const ABLATIONS: &[Ablation] = &[
    Ablation {
        name: "payloads",
        title: "gob messages of Cilium's `Payload`",
        of_agent: false,
        row: "gob frames",
        base: None,
        property: "`wire/src/payload/fast_path/tests.rs`",
        edits: &[Edit {
            file: "wire/src/payload/decode.rs",
            from: "self.plan.as_ref().and_then(|plan| plan.fast_path);",
            to: "self.plan.as_ref().and_then(|plan| plan.fast_path).filter(|_| false);",
        }],
    },
    Ablation {
        name: "events",
        title: "headers of traces and verdicts since Cilium 1.19",
        of_agent: false,
        row: "cilium_decode",
        base: Some("gob frames"),
        property: "`wire/src/event/fast_path/tests.rs`",
        edits: &[Edit {
            file: "processors/src/cilium_decode/decoder.rs",
            from: "event::fast_path::header_len(data, &self.hints) {",
            to: "event::fast_path::header_len(data, &self.hints).filter(|_| false) {",
        }],
    },
    Ablation {
        name: "traces",
        title: "traces since Cilium 1.19, read again",
        of_agent: false,
        row: "l34_flow",
        base: Some("cilium_decode"),
        property: "`processors/src/l34_flow/mod.rs`",
        edits: &[Edit {
            file: "processors/src/l34_flow/mod.rs",
            from: "event::fast_path::trace(data.of(bytes), decoded.len.into()) else {",
            to: "event::fast_path::trace(data.of(bytes), decoded.len.into()).filter(|_| false) else {",
        }],
    },
    Ablation {
        name: "packets",
        title: "Ethernet, IP, TCP or UDP without extras",
        of_agent: false,
        row: "l34_flow",
        base: Some("cilium_decode"),
        property: "`wire/src/packet/fast_path/tests.rs`",
        edits: &[Edit {
            file: "processors/src/l34_flow/packet.rs",
            from: "Link::Ethernet => packet::fast_path::parse(capture.bytes),",
            to: "Link::Ethernet => packet::fast_path::parse(capture.bytes).filter(|_| false),",
        }],
    },
    Ablation {
        name: "dns-names",
        title: "DNS names of plain labels",
        of_agent: false,
        row: "dns_flow",
        base: Some("l34_flow"),
        property: "`wire/src/dns/fast_path/tests.rs`",
        edits: &[Edit {
            file: "wire/src/dns/name.rs",
            from: "match fast_path::read(reader, &mut self.buffer) {",
            to: "match None.or_else(|| if true { None } else { fast_path::read(reader, &mut self.buffer) }) {",
        }],
    },
    Ablation {
        name: "not-http",
        title: "payloads that four bytes show not to be HTTP",
        of_agent: false,
        row: "http_flow",
        base: Some("dns_flow"),
        property: "`wire/src/http/fast_path/tests.rs`",
        edits: &[Edit {
            file: "wire/src/http/fast_path/mod.rs",
            from: "    let word = u32::from_le_bytes(bytes);",
            to: "    let word = u32::from_le_bytes(bytes);\n    if true {\n        return true;\n    }",
        }],
    },
    Ablation {
        name: "overwrite",
        title: "`Record::overwrite`: records without heap memory are not dropped",
        of_agent: false,
        row: "l34_flow",
        base: None,
        property: "`core/model/src/record/mod.rs`",
        edits: &[Edit {
            file: "core/model/src/record/mod.rs",
            from: "    pub fn overwrite(&mut self, other: Self) {",
            to: "    pub fn overwrite(&mut self, other: Self) {\n        *self = other;\n    }\n\n    /// As it was.\n    pub fn overwrite_in_place(&mut self, other: Self) {",
        }],
    },
    Ablation {
        name: "slots",
        title: "slots: frames are written where a former record was",
        of_agent: false,
        row: "l34_flow",
        base: None,
        property: "`core/model/src/batch/slots.rs`",
        edits: &[Edit {
            file: "core/model/src/batch/slots.rs",
            from: "            self.slots[len..self.len].iter_mut().for_each(Record::clear);\n",
            to: "            self.slots.truncate(len);\n",
        }],
    },
    Ablation {
        name: "packed",
        title: "packed frames: the thread that reads leaves the records' places to the next one",
        of_agent: true,
        row: "over the socket, as fast as it is read: flows",
        base: None,
        property: "`core/model/src/batch/packed.rs`",
        edits: &[Edit {
            file: "core/runtime/src/outbox.rs",
            from: "self.edge.send(Delivery::packed(packed, ticket)).await",
            to: "self.edge.send(Delivery::packed(packed.unpack().into(), ticket)).await",
        }],
    },
    Ablation {
        name: "mimalloc",
        title: "mimalloc in place of glibc's allocator",
        of_agent: true,
        row: "flows: L3/L4, DNS and HTTP",
        base: None,
        property: "not needed",
        edits: &[Edit {
            file: "agent/main.rs",
            from: "#[global_allocator]\n",
            to: "",
        }],
    },
];
