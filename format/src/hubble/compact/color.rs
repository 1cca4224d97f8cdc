//! The colours of `hubble observe`.

/// A foreground colour.
#[derive(Clone, Copy, Debug)]
pub(super) enum Color {
    /// Drops, errors, failed authentication.
    Red,
    /// Forwarded flows, successful authentication.
    Green,
    /// Ports, audited flows, socket traces.
    Yellow,
    /// Identities.
    Magenta,
    /// Hosts.
    Cyan,
}

/// Calls `write`, and colours what it appends if `is_colored`. As in Hubble, the end of an inner
/// colour also ends the outer one.
pub(super) fn colored(
    out: &mut String,
    is_colored: bool,
    color: Color,
    write: impl FnOnce(&mut String),
) {
    if !is_colored {
        return write(out);
    }
    out.push_str(match color {
        Color::Red => "\x1b[31m",
        Color::Green => "\x1b[32m",
        Color::Yellow => "\x1b[33m",
        Color::Magenta => "\x1b[35m",
        Color::Cyan => "\x1b[36m",
    });
    write(out);
    out.push_str("\x1b[0m");
}
