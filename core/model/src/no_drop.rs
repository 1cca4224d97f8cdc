//! A check at compile time that values own nothing.

/// Does not compile if a value, given by reference, is of a type that has to be dropped.
macro_rules! assert_no_drop {
    ($($value:expr),+ $(,)?) => {
        $($crate::no_drop::assert_no_drop($value);)+
    };
}

#[inline(always)]
pub(crate) const fn assert_no_drop<T>(_: &T) {
    const { assert!(!std::mem::needs_drop::<T>()) }
}
