//! Integers.

/// Appends `n` in decimal digits.
pub fn push_decimal(out: &mut String, n: impl Into<u64>) {
    out.push_str(itoa::Buffer::new().format(n.into()));
}

/// Appends a signed number.
pub(crate) fn push_signed(out: &mut String, n: impl Into<i64>) {
    out.push_str(itoa::Buffer::new().format(n.into()));
}

/// Appends `n` in two decimal digits; of a larger number the last two.
pub(super) fn push_two_digits(out: &mut String, n: u8) {
    for digit in [n / 10 % 10, n % 10] {
        out.push(char::from(b'0' + digit));
    }
}
