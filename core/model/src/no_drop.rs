//! A compile-time check that types have no destructor, for the fields of types that are overwritten
//! without running their destructor.
//!
//! Fields without a destructor compile:
//!
//! ```
//! use tidegate_model::no_drop::assert_no_drop;
//!
//! struct Header {
//!     len: u16,
//! }
//!
//! let Header { len } = &Header { len: 7 };
//! assert_no_drop(len);
//! ```
//!
//! A field with a destructor does not:
//!
//! ```compile_fail,E0080
//! use tidegate_model::no_drop::assert_no_drop;
//!
//! struct Header {
//!     name: String,
//! }
//!
//! let Header { name } = &Header { name: String::new() };
//! assert_no_drop(name);
//! ```

/// Fails to compile if one of the referenced values has a destructor.
macro_rules! assert_no_drop {
    ($($value:expr),+ $(,)?) => {
        $($crate::no_drop::assert_no_drop($value);)+
    };
}

/// Fails to compile if `T` has a destructor.
#[inline(always)]
pub const fn assert_no_drop<T>(_: &T) {
    const { assert!(!std::mem::needs_drop::<T>()) }
}
