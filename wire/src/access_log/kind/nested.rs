//! Structs inside of structs, and fields that are not retained.

use std::marker::PhantomData;

use super::{FieldKind, Retain};
use crate::access_log::go_struct::GoStruct;
use crate::access_log::label_cache::LabelCache;
use crate::access_log::{Error, Variant};
use crate::gob::{GoType, StructWriter, TypeId, Value};

/// A struct.
pub(in crate::access_log) struct Nested<S>(PhantomData<S>);

/// A pointer to a struct; `None` is nil.
pub(in crate::access_log) struct Optional<S>(PhantomData<S>);

/// A field that no flow needs, of which spans keep nothing.
pub(in crate::access_log) struct Unretained<K>(PhantomData<K>);

impl<S: GoStruct> FieldKind for Nested<S> {
    type Owned = S;
    type View<'a> = S::View<'a>;

    const BUILT_IN: Option<TypeId> = None;

    fn go_type(variant: Variant) -> GoType {
        S::go_type(variant)
    }

    #[inline]
    fn read<'a>(
        field: Value<'_, 'a>,
        _: &'static str,
        view: &mut S::View<'a>,
        labels: &mut LabelCache,
    ) -> Result<(), Error> {
        S::read(field, view, labels)
    }

    fn to_owned(view: S::View<'_>) -> S {
        S::from_view(&view)
    }

    fn write(owned: &S, out: &mut StructWriter<'_>, variant: Variant) {
        out.nested(|out| owned.write(out, variant));
    }
}

impl<S: GoStruct> Retain for Nested<S> {
    type Spans = S::Spans;

    #[inline]
    fn spans(view: S::View<'_>, data: &[u8]) -> S::Spans {
        S::spans(&view, data)
    }

    #[inline]
    fn view<'a>(spans: &S::Spans, data: &'a [u8]) -> S::View<'a> {
        S::view(spans, data)
    }
}

impl<S: GoStruct> FieldKind for Optional<S> {
    type Owned = Option<S>;
    type View<'a> = Option<S::View<'a>>;

    const BUILT_IN: Option<TypeId> = None;

    fn go_type(variant: Variant) -> GoType {
        S::go_type(variant)
    }

    #[inline]
    fn read<'a>(
        field: Value<'_, 'a>,
        _: &'static str,
        view: &mut Option<S::View<'a>>,
        labels: &mut LabelCache,
    ) -> Result<(), Error> {
        S::read(field, view.insert(S::View::default()), labels)
    }

    fn to_owned(view: Option<S::View<'_>>) -> Option<S> {
        view.map(|view| S::from_view(&view))
    }

    fn write(owned: &Option<S>, out: &mut StructWriter<'_>, variant: Variant) {
        out.optional(owned.as_ref(), |out, owned| owned.write(out, variant));
    }
}

impl<K: FieldKind> FieldKind for Unretained<K> {
    type Owned = K::Owned;
    type View<'a> = K::View<'a>;

    const BUILT_IN: Option<TypeId> = K::BUILT_IN;

    fn go_type(variant: Variant) -> GoType {
        K::go_type(variant)
    }

    #[inline(always)]
    fn read<'a>(
        field: Value<'_, 'a>,
        name: &'static str,
        view: &mut K::View<'a>,
        labels: &mut LabelCache,
    ) -> Result<(), Error> {
        K::read(field, name, view, labels)
    }

    fn to_owned(view: K::View<'_>) -> K::Owned {
        K::to_owned(view)
    }

    fn write(owned: &K::Owned, out: &mut StructWriter<'_>, variant: Variant) {
        K::write(owned, out, variant);
    }
}

impl<K: FieldKind> Retain for Unretained<K> {
    type Spans = ();

    #[inline]
    fn spans(_: K::View<'_>, _: &[u8]) {}

    #[inline]
    fn view<'a>((): &(), _: &'a [u8]) -> K::View<'a> {
        K::View::default()
    }
}
