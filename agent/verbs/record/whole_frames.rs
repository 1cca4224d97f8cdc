//! Holds back an incomplete frame, so that a recording can end with a complete one at any time.

use tidegate_wire::payload::{Decoder, Error, Step};

/// The limits of a recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Number of frames with a value.
    pub(super) frames: u64,
    /// Number of bytes, with type definitions.
    pub(super) bytes: u64,
}

/// The last bytes of a stream.
#[derive(Debug)]
pub(super) struct WholeFrames {
    decoder: Decoder,
    limits: Limits,
    /// `bytes[..passed]` was returned by [`Self::push`].
    bytes: Vec<u8>,
    passed: usize,
    /// Number of bytes and of frames that were returned.
    offset: u64,
    count: u64,
    is_full: bool,
    broken: Option<(u64, Error)>,
}

impl WholeFrames {
    pub(super) fn new(limits: Limits) -> Self {
        let is_full = limits.frames == 0;
        Self {
            decoder: Decoder::default(),
            limits,
            bytes: Vec::new(),
            passed: 0,
            offset: 0,
            count: 0,
            is_full,
            broken: None,
        }
    }

    /// Adds bytes, and returns the complete frames, up to the limits.
    pub(super) fn push(&mut self, bytes: &[u8]) -> &[u8] {
        self.bytes.drain(..self.passed);
        self.passed = 0;
        self.bytes.extend_from_slice(bytes);
        while !self.is_full {
            let frame = self.next();
            if frame == 0 {
                break;
            }
            self.passed += frame;
            self.offset += frame as u64;
        }
        &self.bytes[..self.passed]
    }

    /// The length of the next frame; 0 if it is incomplete or beyond the limits.
    fn next(&mut self) -> usize {
        let input = &self.bytes[self.passed..];
        let room = self.limits.bytes - self.offset;
        if self.broken.is_some() {
            let take = input.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            self.is_full = take as u64 == room;
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
            self.is_full = true;
            return 0;
        }
        self.count += values;
        self.is_full = self.count >= self.limits.frames;
        used
    }

    /// The incomplete frame.
    pub(super) fn rest(&self) -> &[u8] {
        if self.is_full {
            &[]
        } else {
            &self.bytes[self.passed..]
        }
    }

    /// Whether a limit is reached.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Number of frames with a value that were returned.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The offset and the reason if the stream became invalid. The bytes from there on are returned
    /// as they are.
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
        let mut encoder = Encoder::default();
        let mut out = Vec::new();
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
    fn only_complete_frames_are_returned() {
        let two = stream(2);
        let three = stream(3);
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
    fn limits_end_a_recording_after_a_complete_frame() {
        let two = stream(2);
        let all = stream(5);
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
    fn an_invalid_stream_is_returned_as_it_is() {
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
