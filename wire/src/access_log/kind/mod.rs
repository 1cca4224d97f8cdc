//! The kinds of fields that a `LogRecord` has: how each is defined, read, owned and written.
//!
//! A kind is a type without values. The list of fields in [`record`](super::record) names the kind
//! of each field, and [`go_structs`](super::go_struct::go_structs) calls its functions.

mod list;
mod map;
mod nested;
mod number;
mod text;

use std::fmt::Debug;

pub(super) use list::{AddressList, StringList, Uint16List};
pub use list::{Addresses, Numbers, Texts};
pub(super) use map::{HeaderMap, StringMap};
pub use map::{Headers, Map};
pub(super) use nested::{Nested, Optional, Unretained};
pub(super) use number::{Int, OptionalUint, Uint};
pub(super) use text::{CheckedString, Str, Url};

use super::label_cache::LabelCache;
use super::{Error, Variant};
use crate::gob::{GoType, StructWriter, TypeId, Value};

/// A kind of field.
pub(super) trait FieldKind {
    /// The field in an owned record.
    type Owned;

    /// The field in a view.
    type View<'a>: Copy + Default;

    /// The built-in type of the field, which its tag then guarantees; `None` for other types, which
    /// [`read`](Self::read) checks.
    const BUILT_IN: Option<TypeId>;

    /// The Go type that agents of `variant` define.
    fn go_type(variant: Variant) -> GoType;

    /// Reads and checks the field `name` into `view`.
    fn read<'a>(
        field: Value<'_, 'a>,
        name: &'static str,
        view: &mut Self::View<'a>,
        labels: &mut LabelCache,
    ) -> Result<(), Error>;

    /// Copies the field out of a view.
    fn to_owned(view: Self::View<'_>) -> Self::Owned;

    /// Writes the field as agents of `variant` do.
    fn write(owned: &Self::Owned, out: &mut StructWriter<'_>, variant: Variant);
}

/// A kind of field that [`RecordSpans`](super::RecordSpans) can retain.
pub(super) trait Retain: FieldKind {
    /// What is retained.
    type Spans: Debug + Clone;

    /// Reduces the view of a field in `data` to what is retained.
    fn spans(view: Self::View<'_>, data: &[u8]) -> Self::Spans;

    /// Restores the view.
    fn view<'a>(spans: &Self::Spans, data: &'a [u8]) -> Self::View<'a>;
}
