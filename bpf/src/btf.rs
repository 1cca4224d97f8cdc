//! Reads types by name from BTF (`Documentation/bpf/btf.rst` of Linux 6.12): the fields of structures
//! and the values of enumerations. Copies nothing but what is asked for.

/// The header's first two bytes, little-endian.
const MAGIC: u16 = 0xeb9f;
/// Length of a type's common part, in bytes.
const TYPE: usize = 12;

const ARRAY: u32 = 3;
const STRUCT: u32 = 4;
const UNION: u32 = 5;
const ENUM: u32 = 6;
const FUNC_PROTO: u32 = 13;
const DATASEC: u32 = 15;
const ENUM64: u32 = 19;

/// Types of a program or a kernel.
#[derive(Debug, Clone, Copy)]
pub struct Btf<'a> {
    types: &'a [u8],
    strings: &'a [u8],
}

/// A field of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its position, in bytes.
    pub offset: u32,
}

/// One type, with what follows its common part.
struct Type<'a> {
    name: u32,
    kind: u32,
    size: u32,
    members: &'a [u8],
}

impl<'a> Btf<'a> {
    /// Finds the parts of little-endian BTF; `None` if it is malformed.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Option<Self> {
        let magic = u16::from_le_bytes(*data.first_chunk()?);
        let body = data.get(usize::try_from(number(data, 4)?).ok()?..)?;
        let part = |at: usize| {
            let start = usize::try_from(number(data, at)?).ok()?;
            let len = usize::try_from(number(data, at + 4)?).ok()?;
            body.get(start..)?.get(..len)
        };
        (magic == MAGIC).then_some(Self {
            types: part(8)?,
            strings: part(16)?,
        })
    }

    /// The size of a structure in bytes, and its fields; `None` if there is none of this name.
    #[must_use]
    pub fn structure(&self, name: &str) -> Option<(u32, Vec<Field<'a>>)> {
        let found = self.find(STRUCT, name)?;
        let field = |member: &[u8]| {
            Some(Field {
                name: self.text(number(member, 0)?)?,
                // Bits, and in structures with bit fields the width in the upper byte.
                offset: (number(member, 8)? & 0x00ff_ffff) / 8,
            })
        };
        let fields = found
            .members
            .chunks_exact(12)
            .map(field)
            .collect::<Option<_>>()?;
        Some((found.size, fields))
    }

    /// The names and values of an enumeration; `None` if there is none of this name.
    #[must_use]
    pub fn enumeration(&self, name: &str) -> Option<Vec<(&'a str, u32)>> {
        let found = self.find(ENUM, name)?;
        let value = |member: &[u8]| Some((self.text(number(member, 0)?)?, number(member, 4)?));
        found.members.chunks_exact(8).map(value).collect()
    }

    fn find(&self, kind: u32, name: &str) -> Option<Type<'a>> {
        let mut rest = self.types;
        while let Some((found, after)) = split(rest) {
            if found.kind == kind && self.text(found.name) == Some(name) {
                return Some(found);
            }
            rest = after;
        }
        None
    }

    fn text(&self, at: u32) -> Option<&'a str> {
        let rest = self.strings.get(usize::try_from(at).ok()?..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(&rest[..end]).ok()
    }
}

/// The first type, and those after it; `None` at the end, and before a type of unknown length.
fn split(types: &[u8]) -> Option<(Type<'_>, &[u8])> {
    let info = number(types, 4)?;
    let kind = info >> 24 & 0x1f;
    let count = usize::try_from(info & 0xffff).ok()?;
    let len = match kind {
        STRUCT | UNION | DATASEC | ENUM64 => count * 12,
        ENUM | FUNC_PROTO => count * 8,
        ARRAY => 12,
        // Integers, variables and declaration tags.
        1 | 14 | 17 => 4,
        2 | 7..=12 | 16 | 18 => 0,
        _ => return None,
    };
    let (members, after) = types.get(TYPE..)?.split_at_checked(len)?;
    let found = Type {
        name: number(types, 0)?,
        kind,
        size: number(types, 8)?,
        members,
    };
    Some((found, after))
}

fn number(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}
