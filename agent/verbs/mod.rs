//! One file or folder for each verb of the command line; [`common`] has what several of them use.

mod common;

pub(crate) mod components;
pub(crate) mod config;
pub(crate) mod graph;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod validate;

pub(crate) mod demo;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod simulate;

pub(crate) mod ledger;
pub(crate) mod observe;
pub(crate) mod tap;
pub(crate) mod top;

pub(crate) mod completions;
pub(crate) mod man;
pub(crate) mod version;
