//! The configuration keys of the stages that search packets for messages.

use tidegate_runtime::component::BuildError;
use tidegate_runtime::config::{HumanDuration, Whole};

use super::PendingMessages;

/// The number of messages that can be pending.
pub(crate) type Pending = Whole<1, { 1 << 24 }>;

/// Declares the configuration table of such a stage: the common keys, and its own.
macro_rules! wire_config {
    ($(#[doc = $about:literal])+ { $($keys:tt)* }) => {
        tidegate_runtime::config_table! {
            $(#[doc = $about])+
            #[derive(Clone, Debug)]
            pub struct Config {
                /// Whether messages are also read from captured packets, where no proxy reports
                /// them. With false there are exactly Hubble's flows, which come from L7 policies
                /// alone.
                wire: bool = true,
                /// How long a message from a packet waits for other reports of it, at most an hour.
                /// Raise it if proxies' records arrive late, at the cost of memory and delay.
                hold: tidegate_runtime::config::HumanDuration =
                    tidegate_runtime::config::HumanDuration::from_secs(1),
                /// The maximum number of waiting messages, of about 800 bytes each. Beyond it the
                /// oldest are passed on early, with the note `wire_table_full`.
                pending: $crate::l7::pending::Pending = $crate::l7::pending::Pending::new(4096),
                $($keys)*
            }
        }

        impl Config {
            fn pending_messages(
                &self,
            ) -> Result<
                Option<$crate::l7::pending::PendingMessages>,
                tidegate_runtime::component::BuildError,
            > {
                $crate::l7::pending::build(self.wire, self.hold, self.pending)
            }
        }
    };
}
pub(crate) use wire_config;

const MAX_HOLD: std::time::Duration = std::time::Duration::from_secs(3600);

/// Creates the table of pending messages; `None` if packets are not searched for messages.
pub(crate) fn build(
    wire: bool,
    hold: HumanDuration,
    pending: Pending,
) -> Result<Option<PendingMessages>, BuildError> {
    if hold.0 > MAX_HOLD {
        return Err(BuildError {
            key: "hold",
            message: "hold is at most an hour".to_owned(),
        });
    }
    Ok(wire.then(|| PendingMessages::new(hold.0, pending.get())))
}
