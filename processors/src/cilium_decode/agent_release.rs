//! The release that the agent is said to have: by the configuration or, without one, by the agent's
//! API, whose answer passes as a record.

use std::sync::Arc;

use tidegate_wire::release::Releases;

use super::stated_release::{NEWEST_KNOWN, StatedRelease};

/// The statements. The configuration takes precedence.
#[derive(Debug, Default)]
pub(super) struct AgentRelease {
    /// The releases that the configuration names; all if it names none.
    configured: Releases,
    reported: Option<Report>,
}

/// A statement of the agent's API.
#[derive(Debug)]
struct Report {
    text: Arc<str>,
    /// The releases that it leaves possible; all if it says nothing of use.
    releases: Releases,
    /// Whether it came during the current stream, so that it is about the agent that sends it.
    is_of_stream: bool,
}

impl AgentRelease {
    pub(super) fn configured(configured: Releases) -> Self {
        Self {
            configured,
            reported: None,
        }
    }

    /// The releases that the agent can have.
    pub(super) fn releases(&self) -> Releases {
        match &self.reported {
            Some(report) if !self.is_configured() => report.releases,
            _ => self.configured,
        }
    }

    /// The agent of the next stream may be another one. Until its API has answered, it is taken for
    /// one of the same release, as it is after most restarts.
    pub(super) fn start_stream(&mut self) {
        if let Some(report) = &mut self.reported {
            report.is_of_stream = false;
        }
    }

    /// Takes the answer of the agent's API. Logs what is new about it.
    pub(super) fn report(&mut self, text: &Arc<str>) {
        if let Some(report) = &mut self.reported
            && report.text == *text
        {
            report.is_of_stream = true;
            return;
        }
        let stated = StatedRelease::parse(text);
        let releases = match stated {
            StatedRelease::Known(releases) | StatedRelease::Later(releases) => releases,
            StatedRelease::Earlier | StatedRelease::Unreadable => Releases::ANY,
        };
        self.reported = Some(Report {
            text: Arc::clone(text),
            releases,
            is_of_stream: true,
        });
        if self.is_configured() {
            self.compare(text, releases);
        } else {
            log(text, stated);
        }
    }

    /// What to do about events that the stated release does not send.
    pub(super) fn contradicted(&mut self) -> Contradiction {
        match &mut self.reported {
            _ if self.configured != Releases::ANY => Contradiction::Configuration,
            Some(report) if !report.is_of_stream => {
                self.reported = None;
                Contradiction::EarlierAgent
            }
            _ => Contradiction::Report,
        }
    }

    fn is_configured(&self) -> bool {
        self.configured != Releases::ANY
    }

    fn compare(&self, text: &str, reported: Releases) {
        if self.configured.and(reported).is_none() {
            tracing::warn!(
                release = text,
                "the agent's API states another release than `cilium_version`, which is used; \
                 correct or remove it"
            );
        }
    }
}

/// What events contradict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contradiction {
    /// `cilium_version`.
    Configuration,
    /// The API's answer of the agent that sends the events.
    Report,
    /// The API's answer of an agent that was replaced since. It has been discarded.
    EarlierAgent,
}

fn log(text: &str, stated: StatedRelease) {
    match stated {
        StatedRelease::Known(_) => {
            tracing::info!(release = text, "the agent's API states its release");
        }
        StatedRelease::Later(_) => tracing::warn!(
            release = text,
            "this release of Cilium is not known to this version; its events are read as those of \
             {NEWEST_KNOWN}"
        ),
        StatedRelease::Earlier => tracing::warn!(
            release = text,
            "this release of Cilium is older than 1.12; its events may be read wrongly"
        ),
        StatedRelease::Unreadable => tracing::warn!(
            release = text,
            "the agent's API states no release of Cilium; set `cilium_version`"
        ),
    }
}
