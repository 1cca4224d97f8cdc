//! What can be requested.

/// A request. Equal ones that wait in a queue are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// The labels of the security identity with this number are wanted: a flow has it, and no list
    /// of names so far.
    IdentityWanted(u32),
    /// What announcements lack of the endpoint with this number is wanted: it was announced, and no
    /// list of names has all of it so far.
    EndpointWanted(u16),
    /// The control groups of pods are wanted: a flow has one that no list of names had so far.
    CgroupsWanted,
    /// The log texts of rules of the network policy are wanted: the policy has changed since.
    RuleLogsWanted,
    /// Records of changes were lost, so that lists of names have to be read again.
    Resync(ResyncCause),
    /// The stream of frames with this number has begun: the receiver is connected to the agent.
    StreamStarted(u32),
    /// The stream of frames with this number has ended; the agent may have restarted.
    StreamEnded(u32),
}

/// Why lists of names have to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResyncCause {
    /// Cilium's agent reported that it lost events.
    UpstreamLost,
    /// A receiver had to drop frames, because its outbox was full.
    PipelineFull,
    /// A table of names is new and empty, although the receivers may have sent their lists.
    NewTable,
    /// The wall clock was set back, so that lists may have been taken for older than they were.
    ClockSetBack,
}

/// The kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RequestKind {
    /// [`Request::IdentityWanted`]
    IdentityWanted,
    /// [`Request::EndpointWanted`]
    EndpointWanted,
    /// [`Request::CgroupsWanted`]
    CgroupsWanted,
    /// [`Request::RuleLogsWanted`]
    RuleLogsWanted,
    /// [`Request::Resync`]
    Resync,
    /// [`Request::StreamStarted`]
    StreamStarted,
    /// [`Request::StreamEnded`]
    StreamEnded,
}

impl Request {
    /// Its kind.
    #[must_use]
    pub fn kind(self) -> RequestKind {
        match self {
            Self::IdentityWanted(_) => RequestKind::IdentityWanted,
            Self::EndpointWanted(_) => RequestKind::EndpointWanted,
            Self::CgroupsWanted => RequestKind::CgroupsWanted,
            Self::RuleLogsWanted => RequestKind::RuleLogsWanted,
            Self::Resync(_) => RequestKind::Resync,
            Self::StreamStarted(_) => RequestKind::StreamStarted,
            Self::StreamEnded(_) => RequestKind::StreamEnded,
        }
    }
}

impl RequestKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::IdentityWanted,
        Self::EndpointWanted,
        Self::CgroupsWanted,
        Self::RuleLogsWanted,
        Self::Resync,
        Self::StreamStarted,
        Self::StreamEnded,
    ];

    /// The name in telemetry and drawings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::IdentityWanted => "identity_wanted",
            Self::EndpointWanted => "endpoint_wanted",
            Self::CgroupsWanted => "cgroups_wanted",
            Self::RuleLogsWanted => "rule_logs_wanted",
            Self::Resync => "resync",
            Self::StreamStarted => "stream_started",
            Self::StreamEnded => "stream_ended",
        }
    }

    pub(super) fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl ResyncCause {
    /// The name in logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UpstreamLost => "upstream_lost",
            Self::PipelineFull => "pipeline_full",
            Self::NewTable => "new_table",
            Self::ClockSetBack => "clock_set_back",
        }
    }
}
