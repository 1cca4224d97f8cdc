//! Receivers as the agent runs them: parsed, built and wired to a pipeline, on real files and
//! sockets.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod monitor1_2;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod support;
