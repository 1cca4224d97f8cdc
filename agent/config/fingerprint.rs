//! A digest of a table, by which a reload finds the components that have changed. Comments, layout and
//! the order of keys do not affect it; variables of the environment are replaced before.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use toml::de::{DeTable, DeValue};

/// The digest in hexadecimal digits. It does not reveal the secrets of the table.
pub(super) fn fingerprint(table: &DeTable<'_>) -> String {
    let mut text = String::new();
    write_table(table, &mut text);
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn write_table(table: &DeTable<'_>, text: &mut String) {
    let mut keys: Vec<_> = table.iter().collect();
    keys.sort_by_key(|(key, _)| key.get_ref().clone());
    text.push('{');
    for (key, value) in keys {
        let _ = write!(text, "{:?}=", key.get_ref());
        write_value(value.get_ref(), text);
        text.push(',');
    }
    text.push('}');
}

fn write_value(value: &DeValue<'_>, text: &mut String) {
    match value {
        DeValue::Table(table) => write_table(table, text),
        DeValue::Array(items) => {
            text.push('[');
            for item in items.iter() {
                write_value(item.get_ref(), text);
                text.push(',');
            }
            text.push(']');
        }
        leaf => _ = write!(text, "{leaf:?}"),
    }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::fingerprint;

    #[test]
    fn a_fingerprint_reveals_nothing_of_the_table() {
        let text = fingerprint(
            DeTable::parse("headers = { a = \"s3cret\" }")
                .unwrap()
                .get_ref(),
        );
        assert!(
            text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{text}"
        );
    }

    #[test]
    fn tables_of_equal_content_have_equal_fingerprints() {
        let of = |text: &str| fingerprint(DeTable::parse(text).unwrap().get_ref());
        let first = of("a = 1\nb = [\"x\", { c = true, d = 2.5 }]\n");
        let cases = [
            (
                "# other layout\nb = [\n  'x',\n  { d = 2.5, c = true } ]\na = 1",
                true,
            ),
            ("a = 2\nb = [\"x\", { c = true, d = 2.5 }]", false),
            ("a = 1\nb = [\"x\", { c = true }]", false),
            ("a = \"1\"\nb = [\"x\", { c = true, d = 2.5 }]", false),
            ("a = 1", false),
        ];
        for (text, same) in cases {
            assert_eq!(of(text) == first, same, "{text}");
        }
    }
}
