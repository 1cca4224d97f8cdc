//! The names of one address that one endpoint knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidegate_model::Timestamp;

use super::MIN_LIFETIME;

/// The largest number of names of an address.
const MAX_NAMES: usize = 16;

/// The names, and whether flows show them.
#[derive(Debug)]
pub(super) struct KnownNames {
    pub(super) endpoint: u16,
    names: Vec<(Arc<str>, Timestamp)>,
    is_used: AtomicBool,
}

impl KnownNames {
    pub(super) fn new(endpoint: u16, name: &Arc<str>, expires: Timestamp) -> Self {
        Self {
            endpoint,
            names: vec![(Arc::clone(name), expires)],
            is_used: AtomicBool::new(false),
        }
    }

    /// The names, sorted, for a flow.
    pub(super) fn show(&self) -> Vec<String> {
        self.is_used.store(true, Ordering::Relaxed);
        let mut names: Vec<_> = self
            .names
            .iter()
            .map(|(name, _)| name.to_string())
            .collect();
        names.sort_unstable();
        names
    }

    /// Adds a name, in place of the one that expires first if there are too many. Returns whether it
    /// is new.
    pub(super) fn add(&mut self, name: &Arc<str>, expires: Timestamp) -> bool {
        if let Some((_, known)) = self.names.iter_mut().find(|(known, _)| known == name) {
            *known = expires.max(*known);
            return false;
        }
        if self.names.len() == MAX_NAMES {
            let first = self.names.iter().enumerate().min_by_key(|(_, (_, at))| *at);
            if let Some((at, _)) = first {
                self.names.swap_remove(at);
            }
        }
        self.names.push((Arc::clone(name), expires));
        true
    }

    /// Removes expired names, unless a flow has shown them. Returns when to call it next; `None` if
    /// there are no names left.
    pub(super) fn expire(&mut self, now: Timestamp) -> Option<Timestamp> {
        if std::mem::take(self.is_used.get_mut()) {
            for (_, expires) in &mut self.names {
                *expires = (*expires).max(now + MIN_LIFETIME);
            }
        }
        self.names.retain(|(_, expires)| *expires > now);
        self.deadline()
    }

    pub(super) fn times(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.names.iter_mut().map(|(_, expires)| expires)
    }

    /// When the first name expires.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.names.iter().map(|(_, expires)| *expires).min()
    }
}
