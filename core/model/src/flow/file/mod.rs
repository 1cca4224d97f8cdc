//! BPF source files that report drops (`pkg/monitor/api/files.go`). Their numbering differs between
//! releases.

mod tables;

pub use tables::FileNumbering;

use tidegate_wire::release::Releases;

/// A location in Cilium's BPF sources: `flow.FileInfo` (v1.19.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Number of the file.
    pub id: u8,
    /// Line number.
    pub line: u16,
    /// The numbering that `id` belongs to.
    pub numbering: FileNumbering,
}

impl SourceFile {
    /// Name of the file; `None` for a number without a file, which Hubble prints as
    /// `unknown(<number>)`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.numbering.name(self.id)
    }
}

/// The numbering chosen for a file number, and how certain the choice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolvedNumbering {
    /// The newest possible numbering that has the number, or the newest one if none has it.
    pub numbering: FileNumbering,
    /// Whether another possible numbering has a different file under this number.
    pub is_ambiguous: bool,
    /// The releases passed to [`FileNumbering::of`], narrowed down to the range from the oldest to
    /// the newest that has the number; all of them if none has it.
    pub senders: Releases,
}

impl FileNumbering {
    /// Chooses the numbering of file number `id`, sent by one of `releases`.
    #[must_use]
    pub fn of(id: u8, releases: Releases) -> ResolvedNumbering {
        let in_use = Self::ALL
            .into_iter()
            .rev()
            .filter_map(|numbering| Some((numbering, numbering.within(releases)?)));
        let mut named = in_use
            .clone()
            .filter_map(|(numbering, users)| Some((numbering, users, numbering.name(id)?)));
        let Some((numbering, newest, name)) = named.next() else {
            let numbering = in_use
                .map(|(numbering, _)| numbering)
                .next()
                .unwrap_or_default();
            return ResolvedNumbering {
                numbering,
                is_ambiguous: false,
                senders: releases,
            };
        };
        let mut resolved = ResolvedNumbering {
            numbering,
            is_ambiguous: false,
            senders: newest,
        };
        for (_, users, other) in named {
            resolved.is_ambiguous |= other != name;
            resolved.senders.first = users.first;
        }
        resolved
    }

    /// The releases among `releases` that use this numbering.
    fn within(self, releases: Releases) -> Option<Releases> {
        self.releases().and(releases)
    }

    fn releases(self) -> Releases {
        let next = Self::ALL.get(self as usize + 1);
        next.map_or(Releases::since(self.first_release()), |next| {
            Releases::between(self.first_release(), next.first_release())
        })
    }

    fn name(self, id: u8) -> Option<&'static str> {
        let files = self.files();
        files
            .binary_search_by_key(&id, |(id, _)| *id)
            .ok()
            .map(|at| files[at].1)
    }
}

#[cfg(test)]
mod tests {
    use tidegate_wire::release::{Release, Releases};

    use super::{FileNumbering, SourceFile};

    const BEFORE_1_17_4: Releases = Releases::between(Release::V1_13, Release::V1_17_4);
    const BEFORE_1_19: Releases = Releases::between(Release::V1_17_4, Release::V1_19);

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn a_file_has_its_name_in_the_newest_numbering_and_others_make_it_ambiguous() {
        let only = |minor, patch| Releases::only(Release::new(1, minor, patch));
        for (releases, id, name, is_ambiguous) in [
            (Releases::minor(1, 12), 2, Some("bpf_sock.c"), false),
            (BEFORE_1_17_4, 2, Some("bpf_lxc.c"), false),
            (BEFORE_1_17_4, 5, Some("bpf_sock.c"), false),
            (BEFORE_1_17_4, 103, Some("srv6.h"), true),
            (BEFORE_1_17_4, 106, Some("lb.h"), true),
            (BEFORE_1_17_4, 107, Some("mcast.h"), true),
            (BEFORE_1_17_4, 108, Some("ipv4.h"), true),
            (BEFORE_1_17_4, 110, Some("l3.h"), false),
            (BEFORE_1_17_4, 116, None, false),
            (
                Releases::minor(1, 13),
                103,
                Some("egress_policies.h"),
                false,
            ),
            (Releases::minor(1, 13), 106, Some("encrypt.h"), false),
            (Releases::minor(1, 14), 103, Some("srv6.h"), true),
            (only(14, 6), 103, Some("egress_policies.h"), false),
            (only(14, 8), 103, Some("srv6.h"), false),
            (only(14, 8), 106, None, false),
            (only(14, 9), 106, Some("encrypt.h"), false),
            (Releases::minor(1, 15), 107, Some("encrypt.h"), false),
            (only(15, 2), 107, None, false),
            (only(15, 3), 108, None, false),
            (Releases::minor(1, 15), 108, Some("mcast.h"), false),
            (Releases::minor(1, 16), 108, Some("ipv4.h"), false),
            (BEFORE_1_19, 110, Some("local_delivery.h"), true),
            (BEFORE_1_19, 117, Some("classifiers.h"), false),
            (Releases::minor(1, 17), 110, Some("l3.h"), false),
            (Releases::minor(1, 18), 110, Some("local_delivery.h"), false),
            (Releases::since(Release::V1_19), 101, Some("drop.h"), false),
            (
                Releases::since(Release::V1_19),
                6,
                Some("bpf_network.c"),
                false,
            ),
            (Releases::minor(1, 19), 110, Some("trace.h"), false),
            (Releases::minor(1, 20), 6, None, false),
            (
                Releases::minor(1, 20),
                113,
                Some("nodeport_egress.h"),
                false,
            ),
            (Releases::ANY, 250, None, false),
        ] {
            let resolved = FileNumbering::of(id, releases);
            let file = SourceFile {
                id,
                line: 1,
                numbering: resolved.numbering,
            };
            assert_eq!(
                (file.name(), resolved.is_ambiguous),
                (name, is_ambiguous),
                "{id} of {releases:?}"
            );
        }
    }
}
