//! What the stages for L7 protocols share: [`stage`] is the stage itself, [`access_log`] turns
//! records of Cilium's proxies into flows, [`pending`] holds back messages that were found in
//! captured packets, and [`redaction`] removes what a flow must not show.

pub(crate) mod access_log;
pub(crate) mod pending;
pub(crate) mod redaction;
pub(crate) mod stage;
pub(crate) mod url;
