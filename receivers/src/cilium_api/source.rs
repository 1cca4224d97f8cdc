//! What can be requested.

use super::config::ApiList;

/// What is read with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The agent's release.
    Release,
    /// A list.
    List(ApiList),
    /// The labels of one identity.
    Identity,
    /// One endpoint.
    Endpoint,
}

/// What a request gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    /// The value of the label `result` in telemetry.
    pub(super) result: &'static str,
    pub(super) entries: u64,
}

impl Read {
    pub(super) const EMPTY: Self = Self {
        result: "empty",
        entries: 0,
    };

    /// There is no such entry.
    pub(super) const NOT_FOUND: Self = Self {
        result: "not_found",
        entries: 0,
    };

    pub(super) fn ok(entries: u64) -> Self {
        Self {
            result: "ok",
            entries,
        }
    }
}

impl Source {
    /// The number of sources that are not [single](Self::is_single) entries; these are the first.
    pub(super) const LISTS: usize = ApiList::ALL.len() + 1;
    /// The number of sources.
    pub(super) const COUNT: usize = Self::LISTS + 2;

    /// Its position among all sources.
    pub(super) fn index(self) -> usize {
        match self {
            Self::Release => 0,
            Self::List(list) => 1 + list as usize,
            Self::Identity => Self::LISTS,
            Self::Endpoint => Self::LISTS + 1,
        }
    }

    /// All sources, in the order of their index.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let lists = ApiList::ALL.into_iter().map(Self::List);
        [Self::Release]
            .into_iter()
            .chain(lists)
            .chain([Self::Identity, Self::Endpoint])
    }

    /// Whether it is one entry, which is only read if it is asked for.
    pub(super) fn is_single(self) -> bool {
        matches!(self, Self::Identity | Self::Endpoint)
    }

    /// The path, without the number of an identity or endpoint.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Release => "/v1/healthz",
            Self::Identity => "/v1/identity/{id}",
            Self::Endpoint => "/v1/endpoint/{id}",
            Self::List(list) => match list {
                ApiList::Identities => "/v1/identity",
                ApiList::Addresses => "/v1/ip",
                ApiList::Endpoints => "/v1/endpoint",
                ApiList::Services => "/v1/service",
                ApiList::Cgroups => "/v1/cgroup-dump-metadata",
                ApiList::Dns => "/v1/fqdn/cache",
                ApiList::Nodes => "/v1/cluster/nodes",
                ApiList::RuleLogs => "/v1/policy",
            },
        }
    }

    /// Its name in the agent's `enable-cilium-api-server-access` (`api/v1/server`, v1.14 to v1.20).
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Release => "GetHealthz",
            Self::Identity => "GetIdentityID",
            Self::Endpoint => "GetEndpointID",
            Self::List(list) => match list {
                ApiList::Identities => "GetIdentity",
                ApiList::Addresses => "GetIP",
                ApiList::Endpoints => "GetEndpoint",
                ApiList::Services => "GetService",
                ApiList::Cgroups => "GetCgroupDumpMetadata",
                ApiList::Dns => "GetFqdnCache",
                ApiList::Nodes => "GetClusterNodes",
                ApiList::RuleLogs => "GetPolicy",
            },
        }
    }

    /// Whether the agent answers an empty list with 404.
    pub(super) fn is_empty_if_not_found(self) -> bool {
        matches!(
            self,
            Self::List(ApiList::Addresses | ApiList::Dns | ApiList::Endpoints)
        )
    }

    /// Whether it changes without an event on the monitor socket.
    pub(super) fn changes_silently(self) -> bool {
        matches!(self, Self::List(ApiList::Identities | ApiList::Services))
    }
}
