//! When lines are coloured.

tidegate_runtime::config_choice! {
    /// When compact lines are coloured.
    pub(super) enum ColorMode = Auto {
        /// On a terminal, unless NO_COLOR is set or the terminal is `dumb`.
        Auto = "auto",
        /// Always.
        Always = "always",
        /// Never.
        Never = "never",
    }
}

impl ColorMode {
    /// Whether to colour; `variable` reads the environment, an unset variable as empty.
    pub(super) fn wanted(self, is_terminal: bool, variable: impl Fn(&str) -> String) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                is_terminal && variable("NO_COLOR").is_empty() && variable("TERM") != "dumb"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ColorMode;

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        let cases = [
            (ColorMode::Auto, true, "", "xterm", true),
            (ColorMode::Auto, false, "", "xterm", false),
            (ColorMode::Auto, true, "1", "xterm", false),
            (ColorMode::Auto, true, "", "dumb", false),
            (ColorMode::Always, false, "1", "dumb", true),
            (ColorMode::Never, true, "", "xterm", false),
        ];
        for (mode, is_terminal, no_color, term, expected) in cases {
            let variable = |name: &str| {
                if name == "TERM" {
                    term.to_owned()
                } else {
                    no_color.to_owned()
                }
            };
            assert_eq!(
                mode.wanted(is_terminal, variable),
                expected,
                "{mode:?} {is_terminal} {no_color} {term}"
            );
        }
    }
}
