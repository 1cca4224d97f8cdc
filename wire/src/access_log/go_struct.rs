//! Makes structs from lists of fields: as an owned struct, as a view, as spans, and as what reads
//! and writes them.

use std::fmt::Debug;

use super::label_cache::LabelCache;
use super::{Error, Variant};
use crate::gob::{GoType, StructWriter, Value};

/// A struct that [`go_structs`] has made; implemented by the owned form.
pub(super) trait GoStruct: Sized {
    /// The struct as it lies in its bytes.
    type View<'a>: Copy + Default;

    /// What is retained of the struct without its bytes.
    type Spans: Debug + Clone;

    /// The Go type that agents of `variant` define.
    fn go_type(variant: Variant) -> GoType;

    /// Reads and checks a struct into `view`. Unknown fields are skipped, fields that were not sent
    /// stay as they are.
    fn read<'a>(
        value: Value<'_, 'a>,
        view: &mut Self::View<'a>,
        labels: &mut LabelCache,
    ) -> Result<(), Error>;

    /// Reduces the view of a struct in `data` to what is retained.
    fn spans(view: &Self::View<'_>, data: &[u8]) -> Self::Spans;

    /// Restores the view; what was not retained is empty.
    fn view<'a>(spans: &Self::Spans, data: &'a [u8]) -> Self::View<'a>;

    /// Copies the struct out of a view.
    fn from_view(view: &Self::View<'_>) -> Self;

    /// Writes the fields as agents of `variant` do.
    fn write(&self, out: &mut StructWriter<'_>, variant: Variant);
}

/// Defines the structs of one message from the lists of their fields, and `$tags`, their [`Tags`].
///
/// A struct is `pub struct "GoName" => Owned, View, Spans` and its fields in braces, in the order
/// of their numbers. A field is `"GoName" => name: Kind`, with
///
/// - `before V` behind its Go name if only the variants before `V` have it,
/// - `[by identity]` behind its kind if its labels are cached by that field of the struct,
/// - `, retained` behind that if spans keep it.
///
/// Fields in brackets in front of the braces are not on the wire; all forms copy them.
///
/// [`Tags`]: super::tag::Tags
macro_rules! go_structs {
    (
        tags $tags:ident;
        $(
            $(#[$struct_meta:meta])*
            $vis:vis struct $struct_name:literal => $owned:ident, $view:ident, $spans:ident
            $([$( $(#[$copied_meta:meta])* $copied:ident: $copied_type:ty ),*])?
            {
                $(
                    $(#[$field_meta:meta])*
                    $name:literal $(before $until:ident)? =>
                        $field:ident: $kind:ident $(<$($of:ident),+>)? $([by $key:ident])?
                        $(, $retained:ident)?;
                )*
            }
        )*
    ) => {
        static $tags: Tags = {
            const FIELDS: &[(&str, Option<TypeId>)] = &[
                $($(
                    ($name, <kind!([$($retained)?] $kind $($($of)+)?) as FieldKind>::BUILT_IN),
                )*)*
            ];
            const { Tags::new(FIELDS) }
        };

        $(
            $(#[$struct_meta])*
            #[derive(Debug, Clone, Default, PartialEq, Eq)]
            $vis struct $owned {
                $($( $(#[$copied_meta])* pub $copied: $copied_type, )*)?
                $( $(#[$field_meta])* pub $field: owned!($kind $($($of)+)?), )*
            }

            #[doc = concat!("A [`", stringify!($owned), "`] that borrows from its bytes.")]
            #[derive(Debug, Clone, Copy, Default)]
            $vis struct $view<'a> {
                $($( $(#[$copied_meta])* pub $copied: $copied_type, )*)?
                $( $(#[$field_meta])* pub $field: view!('a $kind $($($of)+)?), )*
            }

            #[doc = concat!("What is retained of a [`", stringify!($owned), "`].")]
            #[derive(Debug, Clone)]
            pub(super) struct $spans {
                $($( $copied: $copied_type, )*)?
                $( $field: <kind!([$($retained)?] $kind $($($of)+)?) as Retain>::Spans, )*
            }

            impl From<$view<'_>> for $owned {
                fn from(view: $view<'_>) -> Self {
                    Self::from_view(&view)
                }
            }

            impl GoStruct for $owned {
                type View<'a> = $view<'a>;
                type Spans = $spans;

                fn go_type(variant: Variant) -> GoType {
                    let mut fields = Vec::new();
                    $(
                        $(if variant < Variant::$until)? {
                            let ty = <kind!([$($retained)?] $kind $($($of)+)?)>::go_type(variant);
                            fields.push(($name, ty));
                        }
                    )*
                    GoType { name: $struct_name, shape: GoShape::Struct(fields) }
                }

                fn read<'a>(
                    value: Value<'_, 'a>,
                    view: &mut $view<'a>,
                    labels: &mut LabelCache,
                ) -> Result<(), Error> {
                    struct Numbers;
                    #[expect(non_upper_case_globals, reason = "they are called like the fields")]
                    impl Numbers {
                        $( const $field: Tag = const { $tags.tag($name) }; )*
                    }
                    let mut fields = value.tagged()?;
                    while let Some((tag, field)) = fields.next()? {
                        match tag {
                            $(
                                Numbers::$field => {
                                    $(labels.identity = view.$key;)?
                                    <kind!([$($retained)?] $kind $($($of)+)?)>::read(
                                        field, $name, &mut view.$field, labels,
                                    )?;
                                }
                            )*
                            _ => $tags.skip(tag, field, &[$(Numbers::$field),*])?,
                        }
                    }
                    Ok(())
                }

                #[inline]
                fn spans(view: &$view<'_>, data: &[u8]) -> $spans {
                    $spans {
                        $($( $copied: view.$copied, )*)?
                        $(
                            $field: <kind!([$($retained)?] $kind $($($of)+)?)>::spans(
                                view.$field, data,
                            ),
                        )*
                    }
                }

                #[inline]
                fn view<'a>(spans: &$spans, data: &'a [u8]) -> $view<'a> {
                    $view {
                        $($( $copied: spans.$copied, )*)?
                        $(
                            $field: <kind!([$($retained)?] $kind $($($of)+)?)>::view(
                                &spans.$field, data,
                            ),
                        )*
                    }
                }

                fn from_view(view: &$view<'_>) -> Self {
                    Self {
                        $($( $copied: view.$copied, )*)?
                        $(
                            $field: <kind!([$($retained)?] $kind $($($of)+)?)>::to_owned(
                                view.$field,
                            ),
                        )*
                    }
                }

                fn write(&self, out: &mut StructWriter<'_>, variant: Variant) {
                    $(
                        $(if variant < Variant::$until)? {
                            <kind!([$($retained)?] $kind $($($of)+)?)>::write(
                                &self.$field, out, variant,
                            );
                        }
                    )*
                }
            }
        )*
    };
}

/// The kind of a field as a type: of a retained one behind `[retained]`, of others behind `[]`.
macro_rules! kind {
    ([$($retained:ident)?] Nested $owned:ident $view:ident) => {
        kind!([$($retained)?] Nested $owned)
    };
    ([$($retained:ident)?] Optional $owned:ident $view:ident) => {
        kind!([$($retained)?] Optional $owned)
    };
    ([retained] $kind:ident $($of:ident)?) => { $kind $(<$of>)? };
    ([] $kind:ident $($of:ident)?) => { Unretained<$kind $(<$of>)?> };
}

/// The type of a field in an owned struct, which is the kind's `Owned`.
macro_rules! owned {
    (AddressList) => { Vec<AnswerAddress> };
    (HeaderMap) => { Headers };
    (LabelList $element:ident) => { Vec<String> };
    (Nested $owned:ident $view:ident) => { $owned };
    (Optional $owned:ident $view:ident) => { Option<$owned> };
    (OptionalUint $number:ident) => { Option<$number> };
    (StringList) => { Vec<String> };
    (StringMap) => { Option<BTreeMap<String, String>> };
    (Uint16List) => { Vec<u16> };
    (Url) => { Option<String> };
    (Str) => { String };
    (CheckedString) => { String };
    (Uint $number:ident) => { $number };
    (Int $number:ident) => { $number };
}

/// The type of a field in a view, which is the kind's `View`.
macro_rules! view {
    ($a:lifetime AddressList) => { Addresses<$a> };
    ($a:lifetime HeaderMap) => { Option<Map<$a, Texts<$a>>> };
    ($a:lifetime LabelList $element:ident) => { Labels<$a> };
    ($a:lifetime Nested $owned:ident $view:ident) => { $view<$a> };
    ($a:lifetime Optional $owned:ident $view:ident) => { Option<$view<$a>> };
    ($a:lifetime OptionalUint $number:ident) => { Option<$number> };
    ($a:lifetime StringList) => { Texts<$a> };
    ($a:lifetime StringMap) => { Option<Map<$a, Text<$a>>> };
    ($a:lifetime Uint16List) => { Numbers<$a> };
    ($a:lifetime Url) => { Option<Text<$a>> };
    ($a:lifetime Str) => { Text<$a> };
    ($a:lifetime CheckedString) => { Text<$a> };
    ($a:lifetime Uint $number:ident) => { $number };
    ($a:lifetime Int $number:ident) => { $number };
}

pub(super) use {go_structs, kind, owned, view};
