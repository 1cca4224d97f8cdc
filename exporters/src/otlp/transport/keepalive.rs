//! Detection of connections that are gone.

use std::time::Duration;

use hyper_util::client::legacy::Builder;
use tidegate_runtime::config::{HumanDuration, NonZeroDuration};

tidegate_runtime::config_table! {
    /// How connections that are gone are detected before a request times out.
    #[derive(Clone, Debug)]
    pub(crate) struct Keepalive {
        /// How long an HTTP/2 connection may be silent before it is tested with a ping. Servers of
        /// gRPC close connections with more pings than one in five minutes, unless they are
        /// configured otherwise. "0s" sends none.
        pub(crate) time: HumanDuration = HumanDuration::from_secs(0),
        /// How long the answer to a ping may take.
        pub(crate) timeout: NonZeroDuration = NonZeroDuration::from_millis(20_000),
        /// Whether pings are sent while no request is in flight.
        pub(crate) permit_without_stream: bool = false,
        /// The interval of the kernel's probes on idle TCP connections. "0s" sends none.
        pub(crate) tcp: HumanDuration = HumanDuration::from_secs(30),
    }
}

impl Keepalive {
    /// Applies the settings of HTTP/2.
    pub(super) fn apply(&self, builder: &mut Builder) {
        if !self.time.0.is_zero() {
            builder
                .http2_keep_alive_interval(self.time.0)
                .http2_keep_alive_timeout(self.timeout.get())
                .http2_keep_alive_while_idle(self.permit_without_stream);
        }
    }

    /// The interval of TCP's probes.
    pub(super) fn tcp(&self) -> Option<Duration> {
        Some(self.tcp.0).filter(|interval| !interval.is_zero())
    }
}
