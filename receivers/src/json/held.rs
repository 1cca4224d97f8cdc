//! A text of bounded length that arrives in pieces.

/// Appends a piece to a text that has at most `max` bytes with it. Memory grows to four times as
/// much, and never beyond `max`: doubling would take up to three times `max` while it is copied.
pub fn append(text: &mut Vec<u8>, piece: &[u8], max: usize) {
    let needed = text.len() + piece.len();
    if needed > text.capacity() {
        let capacity = text.capacity().saturating_mul(4).min(max).max(needed);
        text.reserve_exact(capacity - text.len());
    }
    text.extend_from_slice(piece);
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn memory_grows_in_few_steps_and_not_beyond_the_largest_length() {
        let mut text = Vec::new();
        let mut capacities = Vec::new();
        for _ in 0..100 {
            append(&mut text, b"0123456789", 1000);
            if capacities.last() != Some(&text.capacity()) {
                capacities.push(text.capacity());
            }
        }
        assert_eq!(text.len(), 1000);
        assert_eq!(capacities, [10, 40, 160, 640, 1000]);
    }
}
