//! The backend's status as the operator sees it: telemetry, health and log.
//!
//! [`backend_status`] records each attempt. [`condition`] and [`rate_limit`] limit how much is
//! logged, [`message`] formats it, [`diagnosis`] adds hints to errors.

mod backend_status;
mod cause_log;
mod condition;
mod diagnosis;
mod message;
mod rate_limit;

pub(super) use backend_status::BackendStatus;
