//! Maps from texts. As with lists, a view holds the checked bytes.

use std::collections::BTreeMap;

use super::list::elements;
use super::{FieldKind, Retain, StringList, Texts};
use crate::access_log::label_cache::LabelCache;
use crate::access_log::span::Span;
use crate::access_log::{Error, Variant};
use crate::gob::{self, GoType, Reader, StructWriter, TypeId, Value, put_bytes, put_uint};
use crate::text::Text;

/// Headers and their values, by name. A nil map is `None`, an empty one is not: they differ on the
/// wire.
pub type Headers = Option<BTreeMap<String, Vec<String>>>;

/// Reads the value of an entry.
type ReadValue<'a, T> = fn(&mut Reader<'a>) -> Result<T, gob::Error>;

/// A map from texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Map<'a, T> {
    bytes: &'a [u8],
    read: Option<ReadValue<'a, T>>,
}

/// An `http.Header`.
pub(in crate::access_log) struct HeaderMap;

/// A `map[string]string`.
pub(in crate::access_log) struct StringMap;

impl<'a, T> Map<'a, T> {
    /// Returns the entries in the order that they were sent in. Of equal keys, the last one counts
    /// in Go.
    pub fn iter(self) -> impl Iterator<Item = (Text<'a>, T)> + use<'a, T> {
        let read = self.read;
        elements(self.bytes, move |reader| {
            let key = Text(reader.bytes()?);
            Ok((key, read.ok_or(gob::Error::MissingValue)?(reader)?))
        })
    }
}

impl<'a> Map<'a, Text<'a>> {
    fn of_texts(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            read: Some(|reader| reader.bytes().map(Text)),
        }
    }
}

impl<'a> Map<'a, Texts<'a>> {
    fn of_lists(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            read: Some(Texts::read),
        }
    }
}

/// Checks each entry of a map, and returns the bytes of the map.
fn checked<'a>(
    map: Value<'_, 'a>,
    mut check: impl FnMut(Value<'_, 'a>) -> Result<(), Error>,
) -> Result<&'a [u8], Error> {
    let (bytes, _) = map.bytes(|map| map.entries(|_, value| check(value)))?;
    Ok(bytes)
}

impl FieldKind for HeaderMap {
    type Owned = Headers;
    type View<'a> = Option<Map<'a, Texts<'a>>>;

    const BUILT_IN: Option<TypeId> = None;

    fn go_type(variant: Variant) -> GoType {
        let values = StringList::go_type(variant);
        GoType::map("Header", GoType::built_in(TypeId::STRING), values)
    }

    fn read<'a>(
        field: Value<'_, 'a>,
        name: &'static str,
        view: &mut Option<Map<'a, Texts<'a>>>,
        labels: &mut LabelCache,
    ) -> Result<(), Error> {
        let bytes = checked(field, |values| {
            StringList::read(values, name, &mut Texts::default(), labels)
        })?;
        *view = Some(Map::of_lists(bytes));
        Ok(())
    }

    fn to_owned(view: Option<Map<'_, Texts<'_>>>) -> Headers {
        view.map(|headers| {
            let entries = headers.iter();
            entries
                .map(|(name, values)| (name.to_owned(), StringList::to_owned(values)))
                .collect()
        })
    }

    fn write(owned: &Headers, out: &mut StructWriter<'_>, _: Variant) {
        let entries = owned.as_ref().map(BTreeMap::iter);
        out.map(entries, |out, (name, values)| {
            put_bytes(out, name.as_bytes());
            put_uint(out, values.len() as u64);
            for value in values {
                put_bytes(out, value.as_bytes());
            }
        });
    }
}

impl Retain for HeaderMap {
    type Spans = Option<Span>;

    #[inline]
    fn spans(view: Option<Map<'_, Texts<'_>>>, data: &[u8]) -> Option<Span> {
        view.map(|headers| Span::of(headers.bytes, data))
    }

    #[inline]
    fn view<'a>(span: &Option<Span>, data: &'a [u8]) -> Option<Map<'a, Texts<'a>>> {
        span.map(|span| Map::of_lists(span.bytes(data)))
    }
}

impl FieldKind for StringMap {
    type Owned = Option<BTreeMap<String, String>>;
    type View<'a> = Option<Map<'a, Text<'a>>>;

    const BUILT_IN: Option<TypeId> = None;

    fn go_type(_: Variant) -> GoType {
        let text = || GoType::built_in(TypeId::STRING);
        GoType::map("map[string]string", text(), text())
    }

    fn read<'a>(
        field: Value<'_, 'a>,
        _: &'static str,
        view: &mut Option<Map<'a, Text<'a>>>,
        _: &mut LabelCache,
    ) -> Result<(), Error> {
        let bytes = checked(field, |value| Ok(value.string().map(drop)?))?;
        *view = Some(Map::of_texts(bytes));
        Ok(())
    }

    fn to_owned(view: Option<Map<'_, Text<'_>>>) -> Self::Owned {
        view.map(|map| {
            let entries = map.iter();
            entries
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect()
        })
    }

    fn write(owned: &Self::Owned, out: &mut StructWriter<'_>, _: Variant) {
        let entries = owned.as_ref().map(BTreeMap::iter);
        out.map(entries, |out, (key, value)| {
            put_bytes(out, key.as_bytes());
            put_bytes(out, value.as_bytes());
        });
    }
}

impl Retain for StringMap {
    type Spans = Option<Span>;

    #[inline]
    fn spans(view: Option<Map<'_, Text<'_>>>, data: &[u8]) -> Option<Span> {
        view.map(|map| Span::of(map.bytes, data))
    }

    #[inline]
    fn view<'a>(span: &Option<Span>, data: &'a [u8]) -> Option<Map<'a, Text<'a>>> {
        span.map(|span| Map::of_texts(span.bytes(data)))
    }
}
