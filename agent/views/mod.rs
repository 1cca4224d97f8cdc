//! Live views of a running agent, over its telemetry address or its admin listener: `top`, `tap`
//! and `ledger`.

mod address;
mod client;
pub(crate) mod ledger;
mod quantity;
pub(crate) mod tap;
mod target;
mod tls;
pub(crate) mod top;

use std::io;

use tokio::runtime::{Builder, Runtime};

/// The runtime of a view, which does one thing at a time.
fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
