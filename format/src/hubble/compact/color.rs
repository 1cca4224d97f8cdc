//! The colours of `hubble observe`.

/// A foreground colour, by its ANSI number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Color {
    /// Drops, errors, failed authentication.
    Red = 31,
    /// What was let through.
    Green = 32,
    /// Ports, audits, socket traces.
    Yellow = 33,
    /// Identities.
    Magenta = 35,
    /// Hosts.
    Cyan = 36,
}

/// Has `write` append a text, in colour if colours are `wanted`. As in Hubble, the end of an inner
/// colour is also the end of the one around it.
pub(super) fn painted(
    out: &mut String,
    wanted: bool,
    color: Color,
    write: impl FnOnce(&mut String),
) {
    if !wanted {
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
