//! The fast paths, and the edits that take each out of the sources.

/// A fast path.
pub(super) struct Ablation {
    pub(super) name: &'static str,
    /// As the page calls it.
    pub(super) title: &'static str,
    pub(super) measured: Measured,
    /// The row of the benchmark that shows the gain.
    pub(super) row: &'static str,
    /// The row whose costs are not the part's, if rows are sums.
    pub(super) base: Option<&'static str>,
    /// The property test that compares it with the general path.
    pub(super) property: &'static str,
    pub(super) edits: &'static [Edit],
}

/// What a benchmark measures.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Measured {
    /// The chain of processors.
    Processors,
    /// One exporter.
    Exporter,
    /// The whole agent.
    Agent,
}

/// A replacement in a file of a text that is there once.
pub(super) struct Edit {
    pub(super) file: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

/// Flows that are discarded, in the figures of the agent.
const FLOWS: &str = "flows: L3/L4, DNS and HTTP";

/// Flows to OTLP in these figures.
const OTLP: &str = "flows to OTLP, uncompressed";

pub(super) const ABLATIONS: &[Ablation] = &[
    Ablation {
        name: "payloads",
        title: "gob messages of Cilium's `Payload`",
        measured: Measured::Processors,
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
        measured: Measured::Processors,
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
        measured: Measured::Processors,
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
        measured: Measured::Processors,
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
        measured: Measured::Processors,
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
        measured: Measured::Processors,
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
        measured: Measured::Processors,
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
        measured: Measured::Processors,
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
        measured: Measured::Agent,
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
        measured: Measured::Agent,
        row: FLOWS,
        base: None,
        property: "not needed",
        edits: &[Edit {
            file: "agent/main.rs",
            from: "#[global_allocator]\n",
            to: "",
        }],
    },
    Ablation {
        name: "templates",
        title: "`otlp`: a cache of encoded parts of log records",
        measured: Measured::Exporter,
        row: "otlp, uncompressed",
        base: None,
        property: "`exporters/src/otlp/logs/encoder/tests/templates.rs`",
        edits: &[Edit {
            file: "exporters/src/otlp/logs/template/cache.rs",
            from: "        let bucket = bucket_index(key.hash(), self.buckets.len());\n        //",
            to: "        if true {\n            return self.build_uncached(build);\n        }\n        let bucket = bucket_index(key.hash(), self.buckets.len());\n        //",
        }],
    },
    Ablation {
        name: "gather",
        title: "`otlp`: several HTTP/2 frames in one write",
        measured: Measured::Agent,
        row: OTLP,
        base: Some(FLOWS),
        property: "`exporters/src/otlp/transport/coalesce/tests.rs`",
        edits: &[Edit {
            file: "exporters/src/otlp/transport/coalesce.rs",
            from: "if std::mem::take(&mut self.has_new_bytes) {",
            to: "if std::mem::take(&mut self.has_new_bytes) && false {",
        }],
    },
    Ablation {
        name: "shared-frames",
        title: "`otlp`: HTTP/2 frames refer to the request that they are a part of",
        measured: Measured::Agent,
        row: OTLP,
        base: Some(FLOWS),
        property: "`exporters/src/otlp/transport/coalesce/tests.rs`",
        edits: &[Edit {
            file: "exporters/src/otlp/transport/coalesce.rs",
            from: "chunk.len() >= MIN_SHARED_LEN && contains(request, chunk)",
            to: "false && chunk.len() >= MIN_SHARED_LEN && contains(request, chunk)",
        }],
    },
    Ablation {
        name: "framed",
        title: "`otlp`: requests are sent from the memory that they were sealed in, with gRPC's prefix, not from a copy",
        measured: Measured::Agent,
        row: OTLP,
        base: Some(FLOWS),
        property: "`exporters/src/otlp/transport/grpc/tests.rs`",
        edits: &[Edit {
            file: "exporters/src/otlp/transport/grpc.rs",
            from: "RequestBody::new(frame.grpc_message().clone(), false, sent)",
            to: "RequestBody::new(Bytes::copy_from_slice(frame.grpc_message()), false, sent)",
        }],
    },
];
