//! The labels of an endpoint.

use std::fmt::{Debug, Formatter};
use std::marker::PhantomData;

use super::{Label, LabelView};
use crate::access_log::go_struct::GoStruct;
use crate::access_log::kind::{FieldKind, Retain, StringList};
use crate::access_log::label_cache::LabelCache;
use crate::access_log::span::Span;
use crate::access_log::{Error, Variant};
use crate::gob::{GoType, Reader, Schema, StructWriter, Type, TypeId, Value};
use crate::text::Text;

/// The security labels of an endpoint, `source:key=value`, or `source:key` if the value is empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Labels<'a> {
    bytes: &'a [u8],
    form: LabelForm,
    /// Missing in labels that were restored from spans.
    schema: Option<&'a Schema>,
}

/// How the bytes of labels are to be read: equal bytes of one form are equal labels.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct LabelForm {
    /// Identifies the type definitions that came with the labels.
    serial: u64,
    list: TypeId,
}

/// A label as it was sent.
enum SentLabel<'a> {
    Whole(Text<'a>),
    Parts(LabelView<'a>),
}

/// A list of labels, cached by the identity of the endpoint: strings in Cilium 1.12 to 1.15,
/// structs since 1.16.
pub(in crate::access_log) struct LabelList<L>(PhantomData<L>);

/// Omits the serial, which depends on what else the process has read.
impl Debug for LabelForm {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LabelForm")
            .field("list", &self.list)
            .finish_non_exhaustive()
    }
}

impl<'a> Labels<'a> {
    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        matches!(self.bytes, [] | [0])
    }

    /// The bytes of the labels and their form.
    #[must_use]
    pub fn raw(self) -> (LabelForm, &'a [u8]) {
        (self.form, self.bytes)
    }

    /// Copies the labels as texts; none if they come from
    /// [`RecordSpans`](super::super::RecordSpans).
    #[must_use]
    pub fn to_vec(self) -> Vec<String> {
        let mut texts = Vec::new();
        let Some(schema) = self.schema else {
            return texts;
        };
        // Reading checked labels does not fail.
        let _ = Value::new(&mut Reader::new(self.bytes), schema, self.form.list)
            .elements(|label| SentLabel::read(label).map(|label| texts.push(label.text())));
        texts
    }
}

impl<'a> SentLabel<'a> {
    fn read(label: Value<'_, 'a>) -> Result<Self, Error> {
        if *label.ty()? == Type::String {
            return Ok(Self::Whole(Text(label.string()?)));
        }
        let mut parts = LabelView::default();
        // A label contains no labels.
        Label::read(label, &mut parts, &mut LabelCache::default())?;
        Ok(Self::Parts(parts))
    }

    fn text(self) -> String {
        let parts = match self {
            Self::Whole(text) => return text.to_owned(),
            Self::Parts(parts) => parts,
        };
        let source = parts.source.lossy();
        let key = parts.key.lossy();
        let value = parts.value.lossy();
        let mut label = String::with_capacity(source.len() + key.len() + value.len() + 2);
        label.extend([&*source, ":", &*key]);
        if !value.is_empty() {
            label.extend(["=", &*value]);
        }
        label
    }
}

impl Label {
    /// Splits `source:key=value`.
    fn parse(label: &str) -> Self {
        let (source, rest) = label.split_once(':').unwrap_or(("", label));
        let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
        Self {
            key: key.to_owned(),
            value: value.to_owned(),
            source: source.to_owned(),
        }
    }
}

impl FieldKind for LabelList<Label> {
    type Owned = Vec<String>;
    type View<'a> = Labels<'a>;

    const BUILT_IN: Option<TypeId> = None;

    fn go_type(variant: Variant) -> GoType {
        match variant {
            Variant::A => StringList::go_type(variant),
            _ => GoType::slice("LabelArray", Label::go_type(variant)),
        }
    }

    /// Checks the labels, or passes over them if the cache has them.
    fn read<'a>(
        field: Value<'_, 'a>,
        _: &'static str,
        view: &mut Labels<'a>,
        cache: &mut LabelCache,
    ) -> Result<(), Error> {
        view.schema = Some(field.schema());
        view.form.serial = cache.serial;
        view.form.list = field.id();
        let list = field.id();
        let field = match cache.get(list) {
            Some(known) => match field.pass(known) {
                Ok(bytes) => {
                    view.bytes = bytes;
                    return Ok(());
                }
                Err(field) => field,
            },
            None => field,
        };
        let (bytes, rest) =
            field.bytes(|list| list.elements(|label| SentLabel::read(label).map(drop)))?;
        // The end of the message may have ended the last label, which could go on in another one.
        if !rest.is_empty() {
            cache.insert(list, bytes);
        }
        view.bytes = bytes;
        Ok(())
    }

    fn to_owned(view: Labels<'_>) -> Vec<String> {
        view.to_vec()
    }

    fn write(owned: &Vec<String>, out: &mut StructWriter<'_>, variant: Variant) {
        if variant == Variant::A {
            out.strings(owned);
            return;
        }
        out.slice(owned, |out, label| {
            let mut parts = StructWriter::new(out);
            Label::parse(label).write(&mut parts, variant);
            parts.end();
        });
    }
}

impl Retain for LabelList<Label> {
    type Spans = (Span, LabelForm);

    #[inline]
    fn spans(view: Labels<'_>, data: &[u8]) -> (Span, LabelForm) {
        (Span::of(view.bytes, data), view.form)
    }

    #[inline]
    fn view<'a>((span, form): &(Span, LabelForm), data: &'a [u8]) -> Labels<'a> {
        Labels {
            bytes: span.bytes(data),
            form: *form,
            schema: None,
        }
    }
}
