//! Numbers, in the width that they have in Cilium.

use std::fmt::Debug;
use std::marker::PhantomData;

use super::{FieldKind, Retain};
use crate::access_log::label_cache::LabelCache;
use crate::access_log::{Error, Variant};
use crate::gob::{GoType, StructWriter, TypeId, Value};

/// An unsigned integer.
pub(in crate::access_log) struct Uint<N>(PhantomData<N>);

impl<N: TryFrom<u64> + Into<u64> + Copy + Default> FieldKind for Uint<N> {
    type Owned = N;
    type View<'a> = N;

    const BUILT_IN: Option<TypeId> = Some(TypeId::UINT);

    fn go_type(_: Variant) -> GoType {
        GoType::built_in(TypeId::UINT)
    }

    #[inline(always)]
    fn read(
        field: Value<'_, '_>,
        name: &'static str,
        view: &mut N,
        _: &mut LabelCache,
    ) -> Result<(), Error> {
        *view = N::try_from(field.tagged_uint()?).map_err(|_| Error::OutOfRange(name))?;
        Ok(())
    }

    fn to_owned(view: N) -> N {
        view
    }

    fn write(owned: &N, out: &mut StructWriter<'_>, _: Variant) {
        out.uint(*owned);
    }
}

impl<N: TryFrom<u64> + Into<u64> + Copy + Default + Debug> Retain for Uint<N> {
    type Spans = N;

    #[inline]
    fn spans(view: N, _: &[u8]) -> N {
        view
    }

    #[inline]
    fn view(number: &N, _: &[u8]) -> N {
        *number
    }
}

/// An unsigned integer that is `None` when it is not sent, and so when it is 0.
pub(in crate::access_log) struct OptionalUint<N>(PhantomData<N>);

impl<N: TryFrom<u64> + Into<u64> + Copy + Default> FieldKind for OptionalUint<N> {
    type Owned = Option<N>;
    type View<'a> = Option<N>;

    const BUILT_IN: Option<TypeId> = Uint::<N>::BUILT_IN;

    fn go_type(variant: Variant) -> GoType {
        Uint::<N>::go_type(variant)
    }

    #[inline]
    fn read(
        field: Value<'_, '_>,
        name: &'static str,
        view: &mut Option<N>,
        labels: &mut LabelCache,
    ) -> Result<(), Error> {
        Uint::<N>::read(field, name, view.insert(N::default()), labels)
    }

    fn to_owned(view: Option<N>) -> Option<N> {
        view
    }

    fn write(owned: &Option<N>, out: &mut StructWriter<'_>, variant: Variant) {
        Uint::<N>::write(&owned.unwrap_or_default(), out, variant);
    }
}

/// A signed integer.
pub(in crate::access_log) struct Int<N>(PhantomData<N>);

impl<N: TryFrom<i64> + Into<i64> + Copy + Default> FieldKind for Int<N> {
    type Owned = N;
    type View<'a> = N;

    const BUILT_IN: Option<TypeId> = Some(TypeId::INT);

    fn go_type(_: Variant) -> GoType {
        GoType::built_in(TypeId::INT)
    }

    #[inline(always)]
    fn read(
        field: Value<'_, '_>,
        name: &'static str,
        view: &mut N,
        _: &mut LabelCache,
    ) -> Result<(), Error> {
        *view = N::try_from(field.tagged_int()?).map_err(|_| Error::OutOfRange(name))?;
        Ok(())
    }

    fn to_owned(view: N) -> N {
        view
    }

    fn write(owned: &N, out: &mut StructWriter<'_>, _: Variant) {
        out.int(*owned);
    }
}

impl<N: TryFrom<i64> + Into<i64> + Copy + Default + Debug> Retain for Int<N> {
    type Spans = N;

    #[inline]
    fn spans(view: N, _: &[u8]) -> N {
        view
    }

    #[inline]
    fn view(number: &N, _: &[u8]) -> N {
        *number
    }
}
