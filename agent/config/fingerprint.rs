//! A table as one text, the same for tables that say the same: what tells a reload whether a component has
//! changed. Comments, layout and the order of keys do not count; variables count as what they stand for.

use std::fmt::Write as _;

use toml::de::{DeTable, DeValue};

/// The text. It holds what the table holds, secrets included, so it is not for logs.
pub(super) fn fingerprint(table: &DeTable<'_>) -> String {
    let mut text = String::new();
    write_table(table, &mut text);
    text
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
    fn tables_that_say_the_same_have_one_fingerprint() {
        let of = |text: &str| fingerprint(DeTable::parse(text).unwrap().get_ref());
        let first = of("a = 1\nb = [\"x\", { c = true, d = 2.5 }]\n");
        let cases = [
            ("# other layout\nb = [\n  'x',\n  { d = 2.5, c = true } ]\na = 1", true),
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
