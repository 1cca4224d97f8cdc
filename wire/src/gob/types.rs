//! The types of values.

/// The number of a type within one stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(
    /// The number, without the sign that marks a definition.
    pub i64,
);

impl TypeId {
    /// `bool`.
    pub const BOOL: Self = Self(1);
    /// All signed integers.
    pub const INT: Self = Self(2);
    /// All unsigned integers.
    pub const UINT: Self = Self(3);
    /// All floats.
    pub const FLOAT: Self = Self(4);
    /// A slice of bytes.
    pub const BYTES: Self = Self(5);
    /// `string`.
    pub const STRING: Self = Self(6);
    /// All complex numbers.
    pub const COMPLEX: Self = Self(7);
    /// An interface.
    pub const INTERFACE: Self = Self(8);
    /// The first id of a program's own types, as Go 1.21 and later number them.
    pub const FIRST: Self = Self(64);
    /// The first id of a program's own types in Go 1.20 and before.
    pub const FIRST_GO_1_20: Self = Self(65);
}

/// The form of a value on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// 0 or 1, as an unsigned integer.
    Bool,
    /// A signed integer of any width.
    Int,
    /// An unsigned integer of any width.
    Uint,
    /// A double, its bytes reversed, as an unsigned integer.
    Float,
    /// A length and bytes.
    Bytes,
    /// A length and, by convention, UTF-8.
    String,
    /// Two floats.
    Complex,
    /// A named type and its value.
    Interface,
    /// A count, always `len`, and the elements.
    Array {
        /// The elements' type.
        elem: TypeId,
        /// The number of elements.
        len: u64,
    },
    /// A count and the elements.
    Slice {
        /// The elements' type.
        elem: TypeId,
    },
    /// Numbered fields.
    Struct(Vec<Field>),
    /// A count, and pairs of a key and an element.
    Map {
        /// The keys' type.
        key: TypeId,
        /// The elements' type.
        elem: TypeId,
    },
    /// A length and bytes from a type's own encoder.
    Opaque(Marshaler),
}

impl Type {
    /// The kind of type, for error messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Float => "float",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Complex => "complex",
            Self::Interface => "interface",
            Self::Array { .. } => "array",
            Self::Slice { .. } => "slice",
            Self::Struct(_) => "struct",
            Self::Map { .. } => "map",
            Self::Opaque(_) => "opaque",
        }
    }
}

/// A field of a struct type. Its number is its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The Go field's name.
    pub name: Box<str>,
    /// The type of its values.
    pub id: TypeId,
}

/// The Go interface that encodes an opaque value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marshaler {
    /// `gob.GobEncoder`.
    Gob,
    /// `encoding.BinaryMarshaler`.
    Binary,
    /// `encoding.TextMarshaler`.
    Text,
}
