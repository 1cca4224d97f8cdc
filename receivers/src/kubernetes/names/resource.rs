//! What is read of one resource, and what its objects become.

use std::future::{Future, pending, ready};

use serde::de::DeserializeOwned;

use super::portion::Portion;

/// The objects of a resource that are read.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct Selection {
    /// The resource of the core group, in the plural.
    pub(in crate::kubernetes) resource: &'static str,
    /// Field selector.
    pub(in crate::kubernetes) fields: Option<String>,
    /// Label selector.
    pub(in crate::kubernetes) labels: Option<&'static str>,
    /// Whether only metadata is requested (`PartialObjectMetadata`).
    pub(in crate::kubernetes) is_metadata: bool,
    /// Whether only few of a cluster's objects are selected, by fields that the server's cache has an
    /// index of. Such a list comes from the cache: from etcd, the server would read all objects to
    /// find them, for every node of the cluster.
    pub(in crate::kubernetes) is_few: bool,
}

/// An object has more names than one object may have.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::kubernetes) struct TooManyNames;

/// Turns objects of one resource into names.
pub(in crate::kubernetes) trait Resource: Send {
    /// An object.
    type Object: DeserializeOwned + Send;

    /// Adds the names of an object that is listed or new.
    ///
    /// # Errors
    ///
    /// If it has too many of them. Then none is added.
    fn add(&mut self, object: Self::Object, names: &mut Portion) -> Result<(), TooManyNames>;

    /// Replaces the names of an object that has changed.
    ///
    /// # Errors
    ///
    /// As of [`Self::add`].
    fn change(&mut self, object: Self::Object, names: &mut Portion) -> Result<(), TooManyNames> {
        self.add(object, names)
    }

    /// Adds that an object no longer exists.
    fn remove(&mut self, object: Self::Object, names: &mut Portion);

    /// Begins a list.
    fn begin_list(&mut self) {}

    /// Ends a list. Returns what is wrong with it, for the operator.
    fn end_list(&mut self, names: &mut Portion) -> Option<String>;

    /// Handles that the resource cannot be read for now.
    fn failed(&mut self) {}

    /// Waits for what a list depends on.
    fn ready(&mut self) -> impl Future<Output = ()> + Send {
        ready(())
    }

    /// Waits until the names of listed objects are no longer right.
    fn outdated(&mut self) -> impl Future<Output = ()> + Send {
        pending()
    }
}
