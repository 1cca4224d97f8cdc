//! Drop reasons. There are two tables because upstream reused some numbers (136, 161), for which
//! the protobuf enum kept the old names.

mod tables;

use tables::{NAMES, TEXTS};

/// The datapath's code of a drop reason (`bpf/lib/drop_reasons.h`); 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DropReason(pub u32);

impl DropReason {
    /// The code that [`Self::name`] has this name for.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(code, _)| Self(*code))
    }

    /// `flow.DropReason`'s name (v1.19.4, and 207 of 1.20); `None` for other codes.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.find(NAMES)
    }

    /// The text that `hubble observe` prints (`pkg/monitor/api/drop.go`, v1.19.4 and later
    /// additions); `None` for a code without a text.
    #[must_use]
    pub fn text(self) -> Option<&'static str> {
        self.find(TEXTS)
    }

    /// Whether a network policy denied the packet: no rule allows it (133), or one denies it (181).
    /// These are the two that Hubble attributes to policies (`pkg/hubble/parser/threefour`, 1.20).
    /// A packet dropped with 189 is allowed by a policy, but its peers are not authenticated yet.
    #[must_use]
    pub fn is_policy_denial(self) -> bool {
        matches!(self.0, 133 | 181)
    }

    fn find(self, table: &[(u32, &'static str)]) -> Option<&'static str> {
        table
            .binary_search_by_key(&self.0, |(code, _)| *code)
            .ok()
            .map(|at| table[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::DropReason;
    use super::tables::{NAMES, TEXTS};

    #[test]
    fn reused_numbers_keep_their_old_name_and_have_the_new_text() {
        assert_eq!(DropReason(136).name(), Some("CT_MISSING_TCP_ACK_FLAG"));
        assert_eq!(DropReason(136).text(), Some("Fragmentation needed"));
        assert_eq!(
            (DropReason(159).name(), DropReason(159).text()),
            (None, None)
        );
    }

    #[test]
    fn a_code_is_found_by_its_name() {
        assert_eq!(
            DropReason::from_name("POLICY_DENIED"),
            Some(DropReason(133))
        );
        assert_eq!(DropReason::from_name("policy_denied"), None);
    }

    #[test]
    fn tables_are_sorted_so_that_every_code_is_found() {
        assert!(
            NAMES
                .iter()
                .all(|(code, name)| DropReason(*code).name() == Some(name))
        );
        assert!(
            TEXTS
                .iter()
                .all(|(code, text)| DropReason(*code).text() == Some(text))
        );
    }
}
