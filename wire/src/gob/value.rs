//! Reads any value by its type.
//!
//! Unknown fields are skipped; an unexpected type is an error that names it. As in Go, bytes behind
//! the value in its message are ignored.

use super::{Error, Fields, MAX_DEPTH, Reader, Schema, Tag, Type, TypeId};

/// A value that is to be read.
///
/// Each method reads the whole value, after which the reader is behind it.
#[must_use = "a value that is not read leaves the reader in front of it"]
#[derive(Debug)]
pub struct Value<'r, 'a> {
    reader: &'r mut Reader<'a>,
    schema: &'a Schema,
    id: TypeId,
    depth: u8,
}

impl<'r, 'a> Value<'r, 'a> {
    /// The value of type `id` that `reader` is at.
    pub fn new(reader: &'r mut Reader<'a>, schema: &'a Schema, id: TypeId) -> Self {
        Self {
            reader,
            schema,
            id,
            depth: 0,
        }
    }

    /// The type of the value.
    ///
    /// # Errors
    /// [`Error::UnknownType`].
    #[inline]
    pub fn ty(&self) -> Result<&'a Type, Error> {
        self.schema.resolve(self.id)
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`], and as [`Reader::uint`].
    #[inline]
    pub fn uint(self) -> Result<u64, Error> {
        match self.ty()? {
            Type::Uint => self.reader.uint(),
            other => Err(mismatch("uint", other)),
        }
    }

    /// A signed integer.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`], and as [`Reader::int`].
    #[inline]
    pub fn int(self) -> Result<i64, Error> {
        match self.ty()? {
            Type::Int => self.reader.int(),
            other => Err(mismatch("int", other)),
        }
    }

    /// A string. Go does not guarantee UTF-8.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`], and as [`Reader::bytes`].
    #[inline]
    pub fn string(self) -> Result<&'a [u8], Error> {
        match self.ty()? {
            Type::String => self.reader.bytes(),
            other => Err(mismatch("string", other)),
        }
    }

    /// A byte slice, or the output of a type's own encoder.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`], and as [`Reader::bytes`].
    #[inline]
    pub fn octets(self) -> Result<&'a [u8], Error> {
        match self.ty()? {
            Type::Bytes | Type::Opaque(_) => self.reader.bytes(),
            other => Err(mismatch("bytes or opaque", other)),
        }
    }

    /// As [`uint`](Self::uint), of a field whose tag guarantees the type.
    ///
    /// # Errors
    /// As [`Reader::uint`].
    #[inline(always)]
    pub fn tagged_uint(self) -> Result<u64, Error> {
        self.reader.uint()
    }

    /// As [`int`](Self::int), of a field whose tag guarantees the type.
    ///
    /// # Errors
    /// As [`Reader::int`].
    #[inline(always)]
    pub fn tagged_int(self) -> Result<i64, Error> {
        self.reader.int()
    }

    /// As [`string`](Self::string), of a field whose tag guarantees the type.
    ///
    /// # Errors
    /// As [`Reader::bytes`].
    #[inline(always)]
    pub fn tagged_string(self) -> Result<&'a [u8], Error> {
        self.reader.bytes()
    }

    /// A struct. Calls `each` with the name and the value of every field that was sent.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`], [`Error::NestingTooDeep`], as [`Fields::next`], and the errors of
    /// `each`.
    pub fn fields<E: From<Error>>(
        mut self,
        mut each: impl FnMut(&'a str, Value<'_, 'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Type::Struct(types) = self.ty()? else {
            return Err(mismatch("struct", self.ty()?).into());
        };
        let mut numbers = Fields::new(types.len());
        while let Some(number) = numbers.next(self.reader)? {
            let field = &types[number];
            each(&field.name, self.inner(field.id)?)?;
        }
        Ok(())
    }

    /// A struct. Returns the fields that were sent with their tags, if the schema has tags.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`] and [`Error::UnknownType`].
    #[inline]
    pub fn tagged(self) -> Result<TaggedFields<'r, 'a>, Error> {
        match self.schema.tagged(self.id) {
            Some(fields) => Ok(TaggedFields {
                numbers: Fields::new(fields.len()),
                fields,
                value: self,
            }),
            None => Err(mismatch("struct", self.ty()?)),
        }
    }

    /// Returns the bytes that `read` consumes, and those behind them in the message.
    ///
    /// # Errors
    /// The errors of `read`.
    pub fn bytes<E>(
        self,
        read: impl FnOnce(Value<'_, 'a>) -> Result<(), E>,
    ) -> Result<(&'a [u8], &'a [u8]), E> {
        let Self {
            reader,
            schema,
            id,
            depth,
        } = self;
        let start = reader.rest();
        read(Value {
            reader: &mut *reader,
            schema,
            id,
            depth,
        })?;
        Ok(start.split_at(start.len() - reader.rest().len()))
    }

    /// Passes over the value if the bytes begin with `known`, which must have been a complete value
    /// of this type in a message that did not end with it, since the end of a message ends values.
    ///
    /// # Errors
    /// Returns the unread value if the bytes differ.
    pub fn pass(self, known: &[u8]) -> Result<&'a [u8], Self> {
        match self.reader.rest().split_at_checked(known.len()) {
            Some((bytes, rest)) if bytes == known => {
                *self.reader = Reader::new(rest);
                Ok(bytes)
            }
            _ => Err(self),
        }
    }

    /// The type id of the value.
    #[must_use]
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// The types of the stream.
    #[must_use]
    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// A slice or an array. Calls `each` with every element.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`], [`Error::NestingTooDeep`], [`Error::ArrayLength`],
    /// [`Error::LengthOutOfRange`], [`Error::Truncated`], and the errors of `each`.
    pub fn elements<E: From<Error>>(
        mut self,
        mut each: impl FnMut(Value<'_, 'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (elem, len) = match *self.ty()? {
            Type::Slice { elem } => (elem, None),
            Type::Array { elem, len } => (elem, Some(len)),
            ref other => return Err(mismatch("slice or array", other).into()),
        };
        let count = self.reader.count(1)?;
        if let Some(length) = len.filter(|len| *len != count as u64) {
            return Err(Error::ArrayLength {
                count: count as u64,
                length,
            }
            .into());
        }
        for _ in 0..count {
            self.reader.element()?;
            each(self.inner(elem)?)?;
        }
        Ok(())
    }

    /// A map whose keys are strings. Calls `each` with every key and its element.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`], [`Error::NestingTooDeep`], [`Error::LengthOutOfRange`], and the
    /// errors of `each`.
    pub fn entries<E: From<Error>>(
        mut self,
        mut each: impl FnMut(&'a [u8], Value<'_, 'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (key, elem) = self.map_types()?;
        for _ in 0..self.reader.count(2)? {
            let key = self.inner(key)?.string()?;
            each(key, self.inner(elem)?)?;
        }
        Ok(())
    }

    /// Passes over a value of any type.
    ///
    /// # Errors
    /// [`Error::InterfaceValue`], [`Error::UnknownType`], [`Error::NestingTooDeep`], and those of
    /// the other methods.
    pub fn skip(self) -> Result<(), Error> {
        match self.ty()? {
            Type::Bool | Type::Int | Type::Uint | Type::Float => self.reader.uint().map(drop),
            Type::Complex => self.reader.uint().and(self.reader.uint()).map(drop),
            Type::Bytes | Type::String | Type::Opaque(_) => self.reader.bytes().map(drop),
            Type::Interface => Err(Error::InterfaceValue),
            Type::Struct(_) => self.fields(|_, field| field.skip()),
            Type::Slice { .. } | Type::Array { .. } => self.elements(|element| element.skip()),
            Type::Map { .. } => self.skip_map(),
        }
    }

    fn skip_map(mut self) -> Result<(), Error> {
        let (key, elem) = self.map_types()?;
        for _ in 0..self.reader.count(2)? {
            self.reader.element()?;
            self.inner(key)?.skip()?;
            self.inner(elem)?.skip()?;
        }
        Ok(())
    }

    fn map_types(&self) -> Result<(TypeId, TypeId), Error> {
        match *self.ty()? {
            Type::Map { key, elem } => Ok((key, elem)),
            ref other => Err(mismatch("map", other)),
        }
    }

    #[inline(always)]
    fn inner(&mut self, id: TypeId) -> Result<Value<'_, 'a>, Error> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(Error::NestingTooDeep);
        }
        Ok(Value {
            reader: self.reader,
            schema: self.schema,
            id,
            depth,
        })
    }
}

/// The fields of a struct, one after the other. Each has to be read before the next one is
/// requested.
#[derive(Debug)]
pub struct TaggedFields<'r, 'a> {
    value: Value<'r, 'a>,
    fields: &'a [(Tag, TypeId)],
    numbers: Fields,
}

impl<'a> TaggedFields<'_, 'a> {
    /// Returns tag and value of the next field, or `None` after the last one.
    ///
    /// # Errors
    /// [`Error::NestingTooDeep`], and as [`Fields::next`].
    #[inline(always)]
    #[expect(clippy::should_implement_trait, reason = "the value borrows from this")]
    pub fn next(&mut self) -> Result<Option<(Tag, Value<'_, 'a>)>, Error> {
        let Some(number) = self.numbers.next(self.value.reader)? else {
            return Ok(None);
        };
        let (tag, id) = self.fields[number];
        Ok(Some((tag, self.value.inner(id)?)))
    }
}

#[cold]
fn mismatch(wanted: &'static str, found: &Type) -> Error {
    Error::TypeMismatch {
        wanted,
        found: found.name(),
    }
}

#[cfg(test)]
mod tests;
