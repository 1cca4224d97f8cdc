//! Holds back the frame that is not whole yet, so that a recording can end at any time between two.

use tidegate_wire::payload::{Decoder, Error, Step};

/// When a recording is full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Frames with a value.
    pub(super) frames: u64,
    /// Bytes, definitions included.
    pub(super) bytes: u64,
}

/// The end of a stream that is being recorded.
#[derive(Debug)]
pub(super) struct WholeFrames {
    decoder: Decoder,
    limits: Limits,
    /// `bytes[..passed]` was passed on.
    bytes: Vec<u8>,
    passed: usize,
    /// How many bytes were passed on, and frames in them.
    offset: u64,
    count: u64,
    full: bool,
    broken: Option<(u64, Error)>,
}

impl WholeFrames {
    pub(super) fn new(limits: Limits) -> Self {
        let full = limits.frames == 0;
        Self {
            decoder: Decoder::default(),
            limits,
            bytes: Vec::new(),
            passed: 0,
            offset: 0,
            count: 0,
            full,
            broken: None,
        }
    }

    /// Takes bytes, and passes on those that make frames whole, as far as the limits allow.
    pub(super) fn push(&mut self, bytes: &[u8]) -> &[u8] {
        self.bytes.drain(..self.passed);
        self.passed = 0;
        self.bytes.extend_from_slice(bytes);
        while !self.full {
            let frame = self.next();
            if frame == 0 {
                break;
            }
            self.passed += frame;
            self.offset += frame as u64;
        }
        &self.bytes[..self.passed]
    }

    /// The length of what may be passed on next; 0 if nothing may.
    fn next(&mut self) -> usize {
        let input = &self.bytes[self.passed..];
        let room = self.limits.bytes - self.offset;
        if self.broken.is_some() {
            let take = input.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            self.full = take as u64 == room;
            return take;
        }
        let (used, values) = match self.decoder.next(input) {
            Ok(Step::Value { used, .. } | Step::Refused { used, .. }) => (used, 1),
            Ok(Step::Definition { used }) => (used, 0),
            Ok(Step::Incomplete { .. }) => return 0,
            Err(error) => {
                self.broken = Some((self.offset, error));
                return self.next();
            }
        };
        if used as u64 > room {
            self.full = true;
            return 0;
        }
        self.count += values;
        self.full = self.count >= self.limits.frames;
        used
    }

    /// What was held back.
    pub(super) fn rest(&self) -> &[u8] {
        if self.full {
            &[]
        } else {
            &self.bytes[self.passed..]
        }
    }

    /// Whether a limit is reached.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Number of frames with a value that were passed on.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Where the stream stopped being one, and why. What follows is passed on as it comes.
    pub(super) fn broken(&self) -> Option<(u64, Error)> {
        self.broken
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, WholeFrames};
    use tidegate_wire::payload::{Encoder, Payload};

    const NONE: Limits = Limits {
        frames: u64::MAX,
        bytes: u64::MAX,
    };

    fn stream(events: usize) -> Vec<u8> {
        let (mut encoder, mut out) = (Encoder::default(), Vec::new());
        for _ in 0..events {
            encoder.encode(
                &Payload {
                    data: b"event",
                    cpu: 1,
                    lost: 0,
                    kind: 9,
                },
                &mut out,
            );
        }
        out
    }

    #[test]
    fn only_whole_frames_are_passed_on() {
        let (two, three) = (stream(2), stream(3));
        let mut frames = WholeFrames::new(NONE);
        assert_eq!(frames.push(&three[..three.len() - 1]), two);
        assert_eq!(
            (frames.count(), frames.rest()),
            (2, &three[two.len()..three.len() - 1])
        );
        assert_eq!(frames.push(&three[three.len() - 1..]), &three[two.len()..]);
        assert_eq!((frames.count(), frames.rest().len()), (3, 0));
    }

    #[test]
    fn limits_end_it_between_two_frames() {
        let (two, all) = (stream(2), stream(5));
        let len = two.len() as u64;
        for limits in [
            Limits { frames: 2, ..NONE },
            Limits { bytes: len, ..NONE },
            Limits {
                bytes: len + 1,
                ..NONE
            },
        ] {
            let mut frames = WholeFrames::new(limits);
            assert_eq!(frames.push(&all), two, "{limits:?}");
            assert_eq!(
                (frames.is_full(), frames.rest().len()),
                (true, 0),
                "{limits:?}"
            );
        }
    }

    #[test]
    fn what_is_no_stream_is_passed_on_as_it_comes() {
        let mut bytes = stream(1);
        let good = bytes.len() as u64;
        bytes.extend_from_slice(&[0, 1, 2]);
        let mut frames = WholeFrames::new(Limits {
            bytes: good + 4,
            ..NONE
        });
        assert_eq!(frames.push(&bytes), bytes);
        assert_eq!(
            frames
                .broken()
                .map(|(offset, error)| (offset, error.as_str())),
            Some((good, "gob_truncated"))
        );
        assert_eq!(frames.push(&[3, 4]), [3]);
        assert!(frames.is_full());
    }
}
