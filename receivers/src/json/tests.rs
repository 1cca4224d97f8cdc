//! The elements of a list are the same however its text is cut.

use proptest::prelude::*;
use serde_json::Value;

use super::{ElementReader, SplitError, Splitter};

/// What a splitter found.
#[derive(Debug, Default, PartialEq)]
struct Found {
    elements: Vec<String>,
    fields: Vec<(&'static str, String)>,
    too_large: usize,
}

/// Collects elements; with `eager`, it reads those that it can without their end.
struct Collect {
    found: Found,
    eager: bool,
}

fn text(json: &[u8]) -> String {
    String::from_utf8_lossy(json).into_owned()
}

impl ElementReader for Collect {
    fn read_first(&mut self, json: &[u8]) -> Option<usize> {
        if !self.eager || !json.starts_with(b"{") {
            return None;
        }
        let mut values = serde_json::Deserializer::from_slice(json).into_iter::<Value>();
        values.next()?.ok()?;
        self.found
            .elements
            .push(text(&json[..values.byte_offset()]));
        Some(values.byte_offset())
    }

    fn read(&mut self, json: &[u8]) {
        self.found.elements.push(text(json));
    }

    fn too_large(&mut self) {
        self.found.too_large += 1;
    }

    fn field(&mut self, name: &'static str, json: &[u8]) {
        self.found.fields.push((name, text(json)));
    }
}

/// Splits pieces.
fn split<'a>(
    mut splitter: Splitter,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    eager: bool,
) -> (Found, Result<(), SplitError>) {
    let mut collect = Collect {
        found: Found::default(),
        eager,
    };
    for piece in pieces {
        if let Err(error) = splitter.push(piece, &mut collect) {
            return (collect.found, Err(error));
        }
    }
    (collect.found, splitter.finish())
}

fn list(json: &str) -> (Vec<String>, Result<(), SplitError>) {
    let (found, result) = split(Splitter::list(64), [json.as_bytes()], false);
    (found.elements, result)
}

#[test]
fn the_elements_of_a_list_are_found() {
    let cases: [(&str, &[&str]); 8] = [
        ("[]", &[]),
        (" [ ] \n", &[]),
        ("null", &[]),
        ("null\n", &[]),
        ("[1,-2.5e3, true ,null]", &["1", "-2.5e3", "true", "null"]),
        (
            r#"[{"a":[1,{}]},[],"x"]"#,
            &[r#"{"a":[1,{}]}"#, "[]", r#""x""#],
        ),
        (
            r#"["]","\"","\\",{"}":"{"}]"#,
            &[r#""]""#, r#""\"""#, r#""\\""#, r#"{"}":"{"}"#],
        ),
        ("[\n {\"a\": \"b\\u005d\"}\n]\n", &["{\"a\": \"b\\u005d\"}"]),
    ];
    for (json, expected) in cases {
        let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(list(json), (expected, Ok(())), "{json}");
    }
}

#[test]
fn a_text_that_is_no_list_is_refused_where_that_shows() {
    let unexpected = |at| Err(SplitError::Unexpected { at });
    let cut = |at| Err(SplitError::Cut { at });
    let cases = [
        ("", cut(0)),
        ("[", cut(1)),
        ("[1", cut(2)),
        ("[1,", cut(3)),
        ("[{\"a\":1}", cut(8)),
        ("nul", unexpected(3)),
        ("{}", unexpected(0)),
        ("<html>", unexpected(0)),
        ("[1 2]", unexpected(3)),
        ("[,]", unexpected(1)),
        ("[x]", unexpected(1)),
        ("[1]]", unexpected(3)),
        ("[1] []", unexpected(4)),
    ];
    for (json, expected) in cases {
        assert_eq!(list(json).1, expected, "{json}");
    }
}

#[test]
fn the_list_of_an_object_is_found_beside_its_fields() {
    let cases: [(&str, &[&str], &[&str]); 6] = [
        ("{}", &[], &[]),
        ("null", &[], &[]),
        (r#"{"nodes":null,"self":"a"}"#, &[], &[r#""a""#]),
        (r#"{"self":"a","nodes":[1,2]}"#, &["1", "2"], &[r#""a""#]),
        (
            r#"{"x":{"nodes":[7]}, "nodes" : [ {"self":1} ] , "y":[1], "self":"b"}"#,
            &[r#"{"self":1}"#],
            &[r#""b""#],
        ),
        (r#"{"self":3,"a":1}"#, &[], &["3"]),
    ];
    for (json, elements, fields) in cases {
        let splitter = Splitter::object("nodes", &["self"], 64);
        let (found, result) = split(splitter, [json.as_bytes()], false);
        let fields: Vec<_> = fields
            .iter()
            .map(|json| ("self", json.to_string()))
            .collect();
        assert_eq!(found.elements, elements, "{json}");
        assert_eq!((found.fields, result), (fields, Ok(())), "{json}");
    }
    for (json, error) in [
        ("[]", SplitError::Unexpected { at: 0 }),
        (r#"{"nodes":"a"}"#, SplitError::Unexpected { at: 9 }),
        (r#"{"nodes":{}}"#, SplitError::Unexpected { at: 9 }),
        (r#"{"nodes":[]"#, SplitError::Cut { at: 11 }),
        (r#"{"nodes" []}"#, SplitError::Unexpected { at: 9 }),
        ("{1:2}", SplitError::Unexpected { at: 1 }),
    ] {
        let splitter = Splitter::object("nodes", &["self"], 64);
        assert_eq!(
            split(splitter, [json.as_bytes()], false).1,
            Err(error),
            "{json}"
        );
    }
}

#[test]
fn an_element_that_is_too_large_is_skipped_and_the_next_ones_are_read() {
    let json = format!(r#"[1,"{}",2,"{}",3]"#, "x".repeat(62), "x".repeat(63));
    for size in [1, 7, 60, 500] {
        let pieces = json.as_bytes().chunks(size);
        let (found, result) = split(Splitter::list(64), pieces, true);
        let lengths: Vec<_> = found.elements.iter().map(String::len).collect();
        assert_eq!(
            (lengths, found.too_large, result),
            (vec![1, 64, 1, 1], 1, Ok(()))
        );
    }
}

#[test]
fn nesting_has_no_limit_and_costs_no_stack() {
    let deep = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
    let (found, result) = split(Splitter::list(1 << 20), deep.as_bytes().chunks(1000), false);
    assert_eq!((found.elements[0].len(), result), (200_000, Ok(())));
}

/// Any JSON value.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~\"\\\\\\[\\]{},:é]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z\"\\\\]{0,4}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// The text in pieces of these lengths, again and again.
fn pieces<'a>(text: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = text;
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).clamp(1, rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

proptest! {
    #[test]
    fn elements_are_those_of_the_list_however_it_is_cut(
        values in prop::collection::vec(value(), 0..8),
        lengths in prop::collection::vec(1_usize..40, 1..6),
        pretty in any::<bool>(),
        eager in any::<bool>(),
    ) {
        let text = match pretty {
            true => serde_json::to_string_pretty(&values).unwrap(),
            false => serde_json::to_string(&values).unwrap(),
        };
        let (found, result) =
            split(Splitter::list(1 << 20), pieces(text.as_bytes(), &lengths), eager);
        prop_assert_eq!(result, Ok(()));
        let parsed: Vec<Value> =
            found.elements.iter().map(|json| serde_json::from_str(json).unwrap()).collect();
        prop_assert_eq!(parsed, values);
    }

    #[test]
    fn any_text_is_split_the_same_however_it_is_cut(
        text in "[\\[\\]{},:\"\\\\ 1nul\\x00é]{0,60}",
        lengths in prop::collection::vec(1_usize..10, 1..4),
        in_object in any::<bool>(),
    ) {
        let splitter = || match in_object {
            true => Splitter::object("n", &["u"], 20),
            false => Splitter::list(20),
        };
        let whole = split(splitter(), [text.as_bytes()], false);
        let cut = split(splitter(), pieces(text.as_bytes(), &lengths), false);
        prop_assert_eq!(whole.0, cut.0);
        prop_assert_eq!(whole.1.is_ok(), cut.1.is_ok());
    }
}
