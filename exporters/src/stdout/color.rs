//! Whether lines are coloured.

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
    /// Whether to colour. `variable` returns an environment variable, or an empty text if it is not
    /// set.
    pub(super) fn is_enabled(self, is_terminal: bool, variable: impl Fn(&str) -> String) -> bool {
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
    fn colours_depend_on_mode_terminal_and_environment() {
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
                mode.is_enabled(is_terminal, variable),
                expected,
                "{mode:?} {is_terminal} {no_color} {term}"
            );
        }
    }
}
