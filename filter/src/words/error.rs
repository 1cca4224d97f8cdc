//! What is wrong with the words of a filter.

/// What is wrong with the words of a filter. The texts are Hubble's, with what is allowed instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// No flag has this name.
    #[error("unknown flag: --{name}{suggestion}")]
    UnknownFlag {
        /// The name without `--`.
        name: String,
        /// The rest of the sentence: the flag that may have been meant, or nothing.
        suggestion: String,
    },
    /// No flag has this letter.
    #[error("unknown shorthand flag: {letter:?} in {word}")]
    UnknownLetter {
        /// The letter.
        letter: char,
        /// The word that it is in.
        word: String,
    },
    /// A word is neither a flag nor the value of one.
    #[error("unexpected word `{0}`: filters are flags such as --to-port 53")]
    UnexpectedWord(String),
    /// A quote is open at the end, or the last character is a backslash.
    #[error("a quote or a backslash is not closed in: {0}")]
    OpenQuote(String),
    /// A flag has no value.
    #[error("flag needs an argument: --{flag} <{value}>")]
    MissingValue {
        /// The flag's name.
        flag: &'static str,
        /// The name of the value.
        value: &'static str,
    },
    /// A switch has a value.
    #[error("--{flag} takes no value, and has `{value}`")]
    UnexpectedValue {
        /// The flag's name.
        flag: &'static str,
        /// The value.
        value: String,
    },
    /// `--not` before `--not`.
    #[error("consecutive --not statements")]
    ConsecutiveNot,
    /// `--not` without a flag behind it.
    #[error("trailing --not found in the arguments")]
    TrailingNot,
    /// Two flags that exclude each other.
    #[error("filters --{0} and --{1} cannot be combined")]
    Conflict(&'static str, &'static str),
    /// The value of a flag is invalid.
    #[error("invalid argument {value:?} for \"--{flag}\" flag: {reason}")]
    InvalidValue {
        /// The flag's name.
        flag: &'static str,
        /// The value.
        value: String,
        /// What is wrong.
        reason: String,
    },
    /// Pods, services and namespaces contradict each other.
    #[error("{0}")]
    Namespaces(String),
    /// The JSON of `--allowlist` or `--denylist` cannot be read.
    #[error("invalid --{flag} flag: failed to decode '{value}': {reason}")]
    Json {
        /// The flag's name.
        flag: &'static str,
        /// The value.
        value: String,
        /// What is wrong, with the place in the text.
        reason: String,
    },
}
