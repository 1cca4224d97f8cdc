//! Requests to the Kubernetes API server and what it answers: pages of [`list`]s, and a [`watch`] of
//! changes, both read piece by piece. [`failure`] is every way in which there is no answer.

mod client;
mod failure;
mod lines;
mod list;
mod query;
mod status;
mod watch;

pub(super) use client::Api;
pub(super) use failure::Failure;
pub(super) use lines::Lines;
pub(super) use list::{ListEnd, PageReader};
pub(super) use query::{Freshness, list_path, next_page_path, watch_path};
pub(super) use watch::{Change, WatchEvent};
