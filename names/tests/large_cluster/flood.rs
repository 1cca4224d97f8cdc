//! Identities with as many labels as an entry may have, and what the table takes for them.

use stats_alloc::Region;
use tidegate_model::Timestamp;
use tidegate_model::names::{IdentityName, Names, NamesContent, NamesSource};
use tidegate_names::{RejectReason, Settings, SharedTable};

use crate::ALLOCATOR;
use crate::cluster::growth;

/// Lists more identities with this many labels of this many bytes than the budget has room for.
/// Returns the bytes that stay allocated.
pub(crate) fn flood(settings: Settings, labels: usize, len: usize) -> usize {
    let region = Region::new(ALLOCATOR);
    let table = SharedTable::new(settings);
    let writer = table.writer();
    let mut rejected = Vec::new();
    for identity in 1000.. {
        let listed = IdentityName {
            identity,
            labels: vec!["x".repeat(len); labels],
        };
        rejected = writer.absorb(Names {
            source: NamesSource::CiliumApi,
            asked: Timestamp(1),
            content: NamesContent::Identities(vec![listed]),
        });
        if !rejected.is_empty() {
            break;
        }
    }
    assert_eq!(rejected, [RejectReason::TableFull]);
    growth(&region)
}
