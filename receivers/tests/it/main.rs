//! Receivers as the agent runs them: parsed from a configuration, built, and run in a pipeline,
//! with real files and sockets.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod agent_api;
#[cfg(test)]
mod cilium_api;
#[cfg(test)]
mod kubernetes;
#[cfg(test)]
mod monitor1_2;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod support;
