//! What objects of the Kubernetes API become: the names that flows need. Types have the fields that
//! are used, and serde skips all others.
//!
//! [`resource`] is what the three have in common: [`workloads`] of pods, labels and addresses of the
//! own [`node`], and frontends of [`services`]. [`portion`] collects the names for records.

mod node;
mod portion;
mod resource;
mod services;
mod workloads;

pub(super) use node::OwnNode;
pub(super) use portion::Portion;
pub(super) use resource::{Resource, Selection, TooManyNames};
pub(super) use services::Services;
pub(super) use workloads::Workloads;
