//! Lists and maps within an element, whose items take more memory than their text.
//!
//! An empty string has two bytes in JSON and 24 in memory. So the length of an element does not bound
//! what is read of it unless the number of its parts is bounded, too.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The largest number of items of a list or a map: far more than any has.
pub const MAX_ITEMS: usize = 4096;

/// Reads a list; `null` is an empty one.
///
/// # Errors
///
/// If it has more than [`MAX_ITEMS`].
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_option(List(PhantomData))
}

/// Reads a list that may be absent.
///
/// # Errors
///
/// As of [`list`].
pub fn optional_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    list(deserializer).map(Some)
}

/// Reads a map of texts that may be absent.
///
/// # Errors
///
/// As of [`list`].
pub fn optional_map<'de, D>(deserializer: D) -> Result<Option<BTreeMap<String, String>>, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_option(Map).map(Some)
}

fn too_many<E: Error>() -> E {
    E::custom(format_args!("more than {MAX_ITEMS} items"))
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_none<E: Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() == MAX_ITEMS {
                return Err(too_many());
            }
            list.push(item);
        }
        Ok(list)
    }
}

struct Map;

impl<'de> Visitor<'de> for Map {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry()? {
            if map.len() == MAX_ITEMS {
                return Err(too_many());
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Element {
        #[serde(default, deserialize_with = "list")]
        list: Vec<u16>,
        #[serde(default, deserialize_with = "optional_list")]
        optional: Option<Vec<u16>>,
        #[serde(default, deserialize_with = "optional_map")]
        map: Option<BTreeMap<String, String>>,
    }

    fn read(json: &str) -> Result<[usize; 3], String> {
        let element: Element = serde_json::from_str(json).map_err(|error| error.to_string())?;
        Ok([
            element.list.len(),
            element.optional.map_or(0, |list| list.len()),
            element.map.map_or(0, |map| map.len()),
        ])
    }

    fn of(count: usize) -> [String; 3] {
        let items = vec!["1"; count].join(",");
        let entries: Vec<_> = (0..count).map(|key| format!("\"{key}\":\"\"")).collect();
        let entries = entries.join(",");
        [
            format!(r#"{{"list":[{items}]}}"#),
            format!(r#"{{"optional":[{items}]}}"#),
            format!(r#"{{"map":{{{entries}}}}}"#),
        ]
    }

    #[test]
    fn lists_and_maps_have_a_largest_number_of_items_and_null_is_empty() {
        assert_eq!(read("{}"), Ok([0; 3]));
        let empty = r#"{"list":null,"optional":null,"map":null}"#;
        assert_eq!(read(empty), Ok([0; 3]));
        let read_all = |count| of(count).map(|json| read(&json));
        let expected = [[MAX_ITEMS, 0, 0], [0, MAX_ITEMS, 0], [0, 0, MAX_ITEMS]];
        assert_eq!(read_all(MAX_ITEMS), expected.map(Ok));
        for result in read_all(MAX_ITEMS + 1) {
            let error = result.unwrap_err();
            assert!(error.starts_with("more than 4096 items"), "{error}");
        }
    }
}
