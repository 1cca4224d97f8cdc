//! Colours on terminals.

use std::io::IsTerminal;

/// Whether `stream` gets colours: it is a terminal, and `NO_COLOR` (<https://no-color.org>) is not
/// set.
pub(crate) fn has_colour(stream: &impl IsTerminal) -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !no_color
}
