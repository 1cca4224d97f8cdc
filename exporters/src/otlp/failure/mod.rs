//! Failed attempts: what went wrong ([`call_error`]), whether to try again ([`retry_decision`])
//! or in parts ([`division`]), and the names under which records are dropped otherwise ([`drop_reason`]).

mod call_error;
mod division;
pub(super) mod drop_reason;
mod retry_decision;

pub(super) use call_error::{CallError, HttpRefusal};
pub(super) use division::Division;
pub(super) use retry_decision::RetryDecision;
