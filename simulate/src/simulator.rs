//! Interleaves conversations.

use crate::event_writer::Conversation;
use crate::options::Options;
use crate::scenario::Scenarios;

/// Number of conversations at the same time.
const CONCURRENT: usize = 24;

/// The content of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An event, which becomes `Payload.Data`.
    Sample {
        /// The CPU that reported the event.
        cpu: u16,
        /// The event, in the form of the datapath or the agent.
        data: Vec<u8>,
    },
    /// A report that a perf ring of the kernel lost events.
    Lost {
        /// The CPU of the ring.
        cpu: u16,
        /// Number of lost events.
        count: u64,
    },
}

/// An endless source of events.
#[derive(Debug)]
pub struct Simulator {
    options: Options,
    rng: fastrand::Rng,
    scenarios: Scenarios,
    conversations: Vec<Conversation>,
    events: u64,
}

impl Simulator {
    /// Returns a simulator with these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let rng = fastrand::Rng::with_seed(options.seed);
        let conversations = (0..CONCURRENT).map(|_| Conversation::new()).collect();
        Self {
            scenarios: Scenarios::new(&options),
            rng,
            conversations,
            events: 0,
            options,
        }
    }

    /// Generates the next event.
    pub fn next_event(&mut self) -> Event {
        self.events += 1;
        if self.options.lost_every > 0 && self.events.is_multiple_of(self.options.lost_every) {
            return Event::Lost {
                cpu: self.cpu(),
                count: self.rng.u64(1..=512),
            };
        }
        let at = self.rng.usize(..self.conversations.len());
        loop {
            if let Some((cpu, data)) = self
                .scenarios
                .announcements
                .pop_front()
                .or_else(|| self.conversations[at].pop_front())
            {
                return Event::Sample { cpu, data };
            }
            let scenario = self.options.mix.pick(&mut self.rng);
            let cpu = self.cpu();
            self.conversations[at] = self.scenarios.play(scenario, cpu, &mut self.rng);
        }
    }

    fn cpu(&mut self) -> u16 {
        self.rng.u16(..self.options.cpus.max(1))
    }
}
