//! Texts.

use super::{FieldKind, Retain};
use crate::access_log::label_cache::LabelCache;
use crate::access_log::span::Span;
use crate::access_log::{Error, Variant};
use crate::gob::{GoShape, GoType, StructWriter, TypeId, Value, put_bytes};
use crate::text::Text;

/// A `string`.
pub(in crate::access_log) struct Str;

impl FieldKind for Str {
    type Owned = String;
    type View<'a> = Text<'a>;

    const BUILT_IN: Option<TypeId> = Some(TypeId::STRING);

    fn go_type(_: Variant) -> GoType {
        GoType::built_in(TypeId::STRING)
    }

    #[inline(always)]
    fn read<'a>(
        field: Value<'_, 'a>,
        _: &'static str,
        view: &mut Text<'a>,
        _: &mut LabelCache,
    ) -> Result<(), Error> {
        *view = Text(field.tagged_string()?);
        Ok(())
    }

    fn to_owned(view: Text<'_>) -> String {
        view.to_owned()
    }

    fn write(owned: &String, out: &mut StructWriter<'_>, _: Variant) {
        out.bytes(owned);
    }
}

impl Retain for Str {
    type Spans = Span;

    #[inline]
    fn spans(view: Text<'_>, data: &[u8]) -> Span {
        Span::of(view.0, data)
    }

    #[inline]
    fn view<'a>(span: &Span, data: &'a [u8]) -> Text<'a> {
        span.text(data)
    }
}

/// A `string` whose field shares its name with one of another type, so that no tag guarantees the
/// type.
pub(in crate::access_log) struct CheckedString;

impl FieldKind for CheckedString {
    type Owned = String;
    type View<'a> = Text<'a>;

    const BUILT_IN: Option<TypeId> = None;

    fn go_type(variant: Variant) -> GoType {
        Str::go_type(variant)
    }

    fn read<'a>(
        field: Value<'_, 'a>,
        _: &'static str,
        view: &mut Text<'a>,
        _: &mut LabelCache,
    ) -> Result<(), Error> {
        *view = Text(field.string()?);
        Ok(())
    }

    fn to_owned(view: Text<'_>) -> String {
        view.to_owned()
    }

    fn write(owned: &String, out: &mut StructWriter<'_>, variant: Variant) {
        Str::write(owned, out, variant);
    }
}

impl Retain for CheckedString {
    type Spans = Span;

    fn spans(view: Text<'_>, data: &[u8]) -> Span {
        Str::spans(view, data)
    }

    fn view<'a>(span: &Span, data: &'a [u8]) -> Text<'a> {
        Str::view(span, data)
    }
}

/// A pointer to a `url.URL`, as its text. No URL and an empty one are different.
pub(in crate::access_log) struct Url;

impl FieldKind for Url {
    type Owned = Option<String>;
    type View<'a> = Option<Text<'a>>;

    const BUILT_IN: Option<TypeId> = None;

    fn go_type(_: Variant) -> GoType {
        GoType {
            name: "",
            shape: GoShape::Url,
        }
    }

    #[inline]
    fn read<'a>(
        field: Value<'_, 'a>,
        _: &'static str,
        view: &mut Option<Text<'a>>,
        _: &mut LabelCache,
    ) -> Result<(), Error> {
        *view = Some(Text(field.octets()?));
        Ok(())
    }

    fn to_owned(view: Option<Text<'_>>) -> Option<String> {
        view.map(Text::to_owned)
    }

    fn write(owned: &Option<String>, out: &mut StructWriter<'_>, _: Variant) {
        match owned {
            Some(url) => put_bytes(out.present(), url.as_bytes()),
            None => drop(out.absent()),
        }
    }
}

impl Retain for Url {
    type Spans = Option<Span>;

    #[inline]
    fn spans(view: Option<Text<'_>>, data: &[u8]) -> Option<Span> {
        view.map(|url| Span::of(url.0, data))
    }

    #[inline]
    fn view<'a>(span: &Option<Span>, data: &'a [u8]) -> Option<Text<'a>> {
        span.map(|span| span.text(data))
    }
}
