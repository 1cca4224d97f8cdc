//! Which announcements have been applied. Each pipeline with the same receiver delivers the same
//! ones, and one of them can be behind the others.

use std::collections::VecDeque;
use std::time::Duration;

use tidegate_model::Timestamp;

use crate::times::set_back;

/// The number of a pipeline that delivers announcements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReaderId(pub(crate) u64);

/// The largest number of positions: some connections of each of several pipelines.
const MAX: usize = 64;

/// The last announcement of each connection that each pipeline has delivered.
#[derive(Debug, Default)]
pub(crate) struct Positions(VecDeque<Position>);

#[derive(Debug)]
struct Position {
    reader: ReaderId,
    stream: u32,
    time: Timestamp,
}

impl Positions {
    /// Notes an announcement. Returns whether another pipeline has delivered it, or a later one of
    /// the same connection.
    pub(crate) fn is_repeated(&mut self, reader: ReaderId, stream: u32, time: Timestamp) -> bool {
        let mut is_repeated = false;
        let mut is_noted = false;
        for position in self.0.iter_mut().filter(|one| one.stream == stream) {
            if position.reader == reader {
                position.time = time;
                is_noted = true;
            } else {
                is_repeated |= position.time >= time;
            }
        }
        if !is_noted {
            if self.0.len() == MAX {
                self.0.pop_front();
            }
            self.0.push_back(Position {
                reader,
                stream,
                time,
            });
        }
        is_repeated
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        set_back(self.0.iter_mut().map(|one| &mut one.time), by);
    }

    /// Removes a pipeline.
    pub(crate) fn remove(&mut self, reader: ReaderId) {
        self.0.retain(|position| position.reader != reader);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_repeated_if_another_pipeline_was_ahead() {
        let mut positions = Positions::default();
        for (reader, stream, time, expected) in [
            (1, 1, 10, false),
            (1, 1, 11, false),
            (2, 1, 10, true),
            (2, 1, 11, true),
            (2, 1, 12, false),
            (1, 1, 12, true),
            (1, 2, 5, false),
            (2, 1, 13, false),
            (2, 2, 5, true),
        ] {
            let is_repeated = positions.is_repeated(ReaderId(reader), stream, Timestamp(time));
            assert_eq!(is_repeated, expected, "{reader} {stream} {time}");
        }
        positions.remove(ReaderId(1));
        assert!(!positions.is_repeated(ReaderId(2), 2, Timestamp(5)));
    }
}
