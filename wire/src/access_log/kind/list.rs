//! Lists of texts, numbers and addresses.
//!
//! A list is checked once, when its record is read. Its view holds the bytes, which are read again
//! when it is iterated over. Reading checked bytes does not fail; if it did, the list would end
//! there.

use std::net::Ipv6Addr;

use super::{FieldKind, Retain};
use crate::access_log::label_cache::LabelCache;
use crate::access_log::span::Span;
use crate::access_log::{AnswerAddress, Error, Variant};
use crate::gob::{self, GoShape, GoType, Reader, StructWriter, Type, TypeId, Value, put_uint};
use crate::text::Text;

/// A list of texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Texts<'a>(&'a [u8]);

/// A list of numbers of 16 bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers<'a>(&'a [u8]);

/// A list of addresses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Addresses<'a> {
    bytes: &'a [u8],
    form: AddressForm,
}

/// How the addresses of a list are encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::access_log) enum AddressForm {
    /// `netip.Addr`, which marshals itself and may have a zone.
    #[default]
    Addr,
    /// `net.IP`, which is bytes.
    Ip,
}

/// A `[]string`.
pub(in crate::access_log) struct StringList;

/// A `[]uint16`.
pub(in crate::access_log) struct Uint16List;

/// A `[]net.IP`, or a `[]netip.Addr` since Cilium 1.17.
pub(in crate::access_log) struct AddressList;

impl<'a> Texts<'a> {
    /// The list that `reader` is at.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, gob::Error> {
        let start = reader.rest();
        for _ in 0..reader.uint()? {
            reader.bytes()?;
        }
        Ok(Self(&start[..start.len() - reader.rest().len()]))
    }

    /// Returns the texts.
    pub fn iter(self) -> impl Iterator<Item = Text<'a>> {
        elements(self.0, |reader| reader.bytes().map(Text))
    }
}

impl<'a> Numbers<'a> {
    /// Returns the numbers.
    pub fn iter(self) -> impl Iterator<Item = u16> + use<'a> {
        elements(self.0, |reader| {
            Ok(u16::try_from(reader.uint()?).unwrap_or_default())
        })
    }
}

impl<'a> Addresses<'a> {
    /// Returns the addresses.
    pub fn iter(self) -> impl Iterator<Item = AnswerAddress> + use<'a> {
        elements(self.bytes, move |reader| {
            Ok(address(reader.bytes()?, self.form).unwrap_or(AnswerAddress::Invalid))
        })
    }
}

/// An address; `None` if it has an invalid length.
fn address(octets: &[u8], form: AddressForm) -> Option<AnswerAddress> {
    if octets.is_empty() {
        return Some(AnswerAddress::Invalid);
    }
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(AnswerAddress::Ip(v4.into()));
    }
    let is_ip = form == AddressForm::Ip;
    let (v6, zone) = octets.split_first_chunk::<16>()?;
    let v6 = Ipv6Addr::from(*v6);
    match v6.to_ipv4_mapped() {
        _ if is_ip && !zone.is_empty() => None,
        _ if !zone.is_empty() => Some(AnswerAddress::zoned(v6, &Text(zone).lossy())),
        Some(v4) if is_ip => Some(AnswerAddress::Ip(v4.into())),
        _ => Some(AnswerAddress::Ip(v6.into())),
    }
}

/// Reads a count and as many elements.
pub(super) fn elements<'a, T>(
    bytes: &'a [u8],
    read: impl Fn(&mut Reader<'a>) -> Result<T, gob::Error>,
) -> impl Iterator<Item = T> {
    let mut reader = Reader::new(bytes);
    let count = reader.uint().unwrap_or_default();
    (0..count).map_while(move |_| read(&mut reader).ok())
}

/// Checks each element of a list, and returns the bytes of the list.
fn checked<'a>(
    list: Value<'_, 'a>,
    check: impl FnMut(Value<'_, 'a>) -> Result<(), Error>,
) -> Result<&'a [u8], Error> {
    let (bytes, _) = list.bytes(|list| list.elements(check))?;
    Ok(bytes)
}

impl FieldKind for StringList {
    type Owned = Vec<String>;
    type View<'a> = Texts<'a>;

    const BUILT_IN: Option<TypeId> = None;

    fn go_type(_: Variant) -> GoType {
        GoType::slice("[]string", GoType::built_in(TypeId::STRING))
    }

    fn read<'a>(
        field: Value<'_, 'a>,
        _: &'static str,
        view: &mut Texts<'a>,
        _: &mut LabelCache,
    ) -> Result<(), Error> {
        *view = Texts(checked(field, |text| Ok(text.string().map(drop)?))?);
        Ok(())
    }

    fn to_owned(view: Texts<'_>) -> Vec<String> {
        view.iter().map(Text::to_owned).collect()
    }

    fn write(owned: &Vec<String>, out: &mut StructWriter<'_>, _: Variant) {
        out.strings(owned);
    }
}

impl Retain for StringList {
    type Spans = Span;

    #[inline]
    fn spans(view: Texts<'_>, data: &[u8]) -> Span {
        Span::of(view.0, data)
    }

    #[inline]
    fn view<'a>(span: &Span, data: &'a [u8]) -> Texts<'a> {
        Texts(span.bytes(data))
    }
}

impl FieldKind for Uint16List {
    type Owned = Vec<u16>;
    type View<'a> = Numbers<'a>;

    const BUILT_IN: Option<TypeId> = None;

    fn go_type(_: Variant) -> GoType {
        GoType::slice("[]uint16", GoType::built_in(TypeId::UINT))
    }

    fn read<'a>(
        field: Value<'_, 'a>,
        name: &'static str,
        view: &mut Numbers<'a>,
        _: &mut LabelCache,
    ) -> Result<(), Error> {
        *view = Numbers(checked(field, |number| {
            match u16::try_from(number.uint()?) {
                Ok(_) => Ok(()),
                Err(_) => Err(Error::OutOfRange(name)),
            }
        })?);
        Ok(())
    }

    fn to_owned(view: Numbers<'_>) -> Vec<u16> {
        view.iter().collect()
    }

    fn write(owned: &Vec<u16>, out: &mut StructWriter<'_>, _: Variant) {
        out.slice(owned, |out, number| put_uint(out, (*number).into()));
    }
}

impl Retain for Uint16List {
    type Spans = Span;

    #[inline]
    fn spans(view: Numbers<'_>, data: &[u8]) -> Span {
        Span::of(view.0, data)
    }

    #[inline]
    fn view<'a>(span: &Span, data: &'a [u8]) -> Numbers<'a> {
        Numbers(span.bytes(data))
    }
}

impl FieldKind for AddressList {
    type Owned = Vec<AnswerAddress>;
    type View<'a> = Addresses<'a>;

    const BUILT_IN: Option<TypeId> = None;

    fn go_type(variant: Variant) -> GoType {
        match variant {
            Variant::A | Variant::B => GoType::slice("[]net.IP", GoType::built_in(TypeId::BYTES)),
            _ => {
                let addr = GoType {
                    name: "Addr",
                    shape: GoShape::Binary,
                };
                GoType::slice("[]netip.Addr", addr)
            }
        }
    }

    fn read<'a>(
        field: Value<'_, 'a>,
        _: &'static str,
        view: &mut Addresses<'a>,
        _: &mut LabelCache,
    ) -> Result<(), Error> {
        let mut form = AddressForm::default();
        let bytes = checked(field, |element| {
            form = match *element.ty()? {
                Type::Bytes => AddressForm::Ip,
                _ => AddressForm::Addr,
            };
            let octets = element.octets()?;
            address(octets, form)
                .map(drop)
                .ok_or(Error::AddressLength(octets.len()))
        })?;
        *view = Addresses { bytes, form };
        Ok(())
    }

    fn to_owned(view: Addresses<'_>) -> Vec<AnswerAddress> {
        view.iter().collect()
    }

    fn write(owned: &Vec<AnswerAddress>, out: &mut StructWriter<'_>, _: Variant) {
        out.slice(owned, |out, address| address.put(out));
    }
}

impl Retain for AddressList {
    type Spans = (Span, AddressForm);

    #[inline]
    fn spans(view: Addresses<'_>, data: &[u8]) -> (Span, AddressForm) {
        (Span::of(view.bytes, data), view.form)
    }

    #[inline]
    fn view<'a>((span, form): &(Span, AddressForm), data: &'a [u8]) -> Addresses<'a> {
        Addresses {
            bytes: span.bytes(data),
            form: *form,
        }
    }
}
