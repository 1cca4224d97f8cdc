//! Defines the labels of refusals in counters.

/// Implements `as_str`, the label of `dropped{reason}`, and `LABELS`, the labels of all variants of
/// an error. A variant that wraps another error, whose label it has, follows `else`.
macro_rules! labels {
    (
        $of:ty {
            $($pattern:pat => $label:literal,)+
        }
        $(else $wrapped:pat => $wrapped_label:expr)?
    ) => {
        impl $of {
            /// All labels except those of wrapped errors.
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
