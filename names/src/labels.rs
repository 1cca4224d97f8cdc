//! The labels that entries of the table hold, and the memory that all of them may take together.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tidegate_model::flow::EndpointNames;

use crate::pods::check_labels;
use crate::reject_reason::RejectReason;

/// Names that consist of labels and a cluster, without a pod.
pub(crate) type IdentityLabels = Arc<EndpointNames>;

/// The bytes of all labels in any case. Together with [`BYTES_PER_ENTRY`] of the entries that are
/// allowed by default, this is enough for all 65,279 identities of a cluster with 1 kB of labels
/// each.
const BASE_BYTES: usize = 64 << 20;
/// The bytes that each entry of [`max_entries`](crate::Settings::max_entries) adds.
const BYTES_PER_ENTRY: usize = 512;
/// The bytes of a label besides its text: a `String`, and what the allocator adds.
const BYTES_PER_LABEL: usize = 48;
/// The bytes of an entry with labels, besides the labels.
const BYTES_PER_SET: usize = 320;

/// The memory of the labels that a table holds.
#[derive(Clone, Debug)]
pub(crate) struct LabelBudget(Arc<Usage>);

#[derive(Debug)]
struct Usage {
    bytes: AtomicUsize,
    max: AtomicUsize,
}

/// Labels that entries of the table hold. Their memory is counted once, until the last entry that
/// holds them is gone.
#[derive(Clone, Debug)]
pub(crate) struct HeldLabels {
    labels: IdentityLabels,
    share: Arc<Share>,
}

/// What labels take of the budget.
#[derive(Debug)]
struct Share {
    bytes: usize,
    usage: Arc<Usage>,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.usage.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Deref for HeldLabels {
    type Target = IdentityLabels;

    fn deref(&self) -> &IdentityLabels {
        &self.labels
    }
}

impl PartialEq for HeldLabels {
    fn eq(&self, other: &Self) -> bool {
        self.labels == other.labels
    }
}

impl HeldLabels {
    /// The bytes that are released with this holder.
    fn own_bytes(&self) -> usize {
        let is_shared = Arc::strong_count(&self.share) > 1;
        if is_shared { 0 } else { self.share.bytes }
    }
}

impl LabelBudget {
    /// The budget of a table with this number of entries.
    pub(crate) fn new(max_entries: usize) -> Self {
        let usage = Usage {
            bytes: AtomicUsize::new(0),
            max: AtomicUsize::new(0),
        };
        let budget = Self(Arc::new(usage));
        budget.configure(max_entries);
        budget
    }

    /// Changes the number of entries. Labels beyond the new budget stay until their entries go.
    pub(crate) fn configure(&self, max_entries: usize) {
        let max = BASE_BYTES.saturating_add(max_entries.saturating_mul(BYTES_PER_ENTRY));
        self.0.max.store(max, Ordering::Relaxed);
    }

    /// Holds labels for an entry, in place of those that it has.
    ///
    /// # Errors
    /// There are too many labels of one entry, or of all entries.
    pub(crate) fn hold(
        &self,
        labels: IdentityLabels,
        replaced: Option<&HeldLabels>,
    ) -> Result<HeldLabels, RejectReason> {
        check_labels(&labels.labels)?;
        if let Some(same) = replaced.filter(|replaced| replaced.labels == labels) {
            return Ok(same.clone());
        }
        let bytes = bytes_of(&labels);
        let released = replaced.map_or(0, HeldLabels::own_bytes);
        let max = self.0.max.load(Ordering::Relaxed).saturating_add(released);
        let add = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= max);
        let usage = &self.0.bytes;
        usage
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .map_err(|_| RejectReason::TableFull)?;
        let usage = Arc::clone(&self.0);
        let share = Arc::new(Share { bytes, usage });
        Ok(HeldLabels { labels, share })
    }

    /// Holds a copy of announced or listed labels; `None` if there are none.
    ///
    /// # Errors
    /// As of [`Self::hold`].
    pub(crate) fn hold_copy(
        &self,
        labels: &[String],
        replaced: Option<&HeldLabels>,
    ) -> Result<Option<HeldLabels>, RejectReason> {
        check_labels(labels)?;
        if labels.is_empty() {
            return Ok(None);
        }
        let labels = Arc::new(EndpointNames::of_labels(labels.to_vec()));
        self.hold(labels, replaced).map(Some)
    }

    /// The bytes that are held.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// The most bytes that are held.
    #[cfg(test)]
    pub(crate) fn max(&self) -> usize {
        self.0.max.load(Ordering::Relaxed)
    }
}

fn bytes_of(names: &EndpointNames) -> usize {
    let labels = names.labels.iter();
    let texts: usize = labels.map(|label| label.len() + BYTES_PER_LABEL).sum();
    BYTES_PER_SET + names.cluster_name.len() + texts
}

#[cfg(test)]
mod tests;
