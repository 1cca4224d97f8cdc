//! Interleaves conversations.

use crate::options::Options;
use crate::scenario::Stage;
use crate::script::Script;

/// Conversations that go on at the same time.
const CONCURRENT: usize = 24;

/// One frame's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An event: CPU and `Payload.Data`.
    Sample {
        /// The CPU that reports it.
        cpu: u16,
        /// The event.
        data: Vec<u8>,
    },
    /// The kernel's ring lost events.
    Lost {
        /// The CPU whose ring it is.
        cpu: u16,
        /// How many.
        count: u64,
    },
}

/// An endless source of events.
#[derive(Debug)]
pub struct Simulator {
    options: Options,
    rng: fastrand::Rng,
    stage: Stage,
    scripts: Vec<Script>,
    events: u64,
}

impl Simulator {
    /// Starts at the seed.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let rng = fastrand::Rng::with_seed(options.seed);
        let scripts = (0..CONCURRENT).map(|_| Script::new()).collect();
        Self {
            stage: Stage::new(&options),
            rng,
            scripts,
            events: 0,
            options,
        }
    }

    /// The next event.
    pub fn next_event(&mut self) -> Event {
        self.events += 1;
        if self.options.lost_every > 0 && self.events.is_multiple_of(self.options.lost_every) {
            return Event::Lost {
                cpu: self.cpu(),
                count: self.rng.u64(1..=512),
            };
        }
        let at = self.rng.usize(..self.scripts.len());
        loop {
            if let Some((cpu, data)) = self
                .stage
                .announcements
                .pop_front()
                .or_else(|| self.scripts[at].pop_front())
            {
                return Event::Sample { cpu, data };
            }
            let scenario = self.options.mix.pick(&mut self.rng);
            let cpu = self.cpu();
            self.scripts[at] = self.stage.play(scenario, cpu, &mut self.rng);
        }
    }

    fn cpu(&mut self) -> u16 {
        self.rng.u16(..self.options.cpus.max(1))
    }
}
