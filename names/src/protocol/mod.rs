//! How lists and announcements are put in order, so that the table never goes back to an older
//! state.
//!
//! A list states what existed at some time after it was requested. An announcement that was received
//! after the request may be newer than the list, so it takes precedence; one that was received
//! before is part of the list. What was deleted since the request is remembered as a [tombstone]
//! until the list is complete, and after that, what an earlier list or announcement had and this
//! list has not is removed.
//!
//! [tombstone]: Tombstones

mod lists;
mod positions;
mod tails;
mod tombstones;

pub(crate) use lists::Lists;
pub(crate) use positions::{Positions, ReaderId};
pub(crate) use tails::{Deleted, Tails};
pub(crate) use tombstones::{DeletedKey, Tombstones};
