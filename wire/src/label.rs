//! The labels of refusals in counters, each written once.

/// Gives an error type its labels of `dropped{reason}`: `as_str`, and `LABELS`, which are all that
/// it can yield by itself. What a wrapped error yields is said behind `else`.
macro_rules! labels {
    (
        $of:ty {
            $($pattern:pat => $label:literal,)+
        }
        $(else $wrapped:pat => $wrapped_label:expr)?
    ) => {
        impl $of {
            /// All labels that are its own.
            pub const LABELS: &'static [&'static str] = &[$($label),+];

            /// The label of a `dropped{reason}` counter.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $($pattern => $label,)+
                    $($wrapped => $wrapped_label,)?
                }
            }
        }
    };
}

pub(crate) use labels;
