//! The pages that the agent serves about itself: their paths, and what each shows.

/// A page.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageInfo {
    /// Its path.
    pub(super) path: &'static str,
    /// What it shows.
    pub(super) about: &'static str,
}

pub(super) const METRICS: PageInfo = PageInfo {
    path: "/metrics",
    about: "metrics of the agent about itself, for Prometheus",
};
pub(super) const HEALTH: PageInfo = PageInfo {
    path: "/healthz",
    about: "ok, while the agent serves requests",
};
pub(super) const READINESS: PageInfo = PageInfo {
    path: "/readyz",
    about: "ready; degraded, with a line for each stage that is; or 503 and stopping",
};
pub(super) const LEDGER: PageInfo = PageInfo {
    path: "/debug/ledger",
    about: "every record by stage and outcome, as JSON",
};
pub(super) const TAP: PageInfo = PageInfo {
    path: "/debug/tap",
    about: "records as they leave a stage: ?stage=NAME&format=compact|json&rate=N&filter=KEY%3DVALUE",
};

/// All pages.
pub(super) const PAGES: [PageInfo; 5] = [METRICS, HEALTH, READINESS, LEDGER, TAP];

/// The prefix of pages that show flows.
const DEBUG: &str = "/debug";

/// Whether the page at a path shows flows, or may do so.
pub(super) fn is_debug(path: &str) -> bool {
    path.strip_prefix(DEBUG)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
