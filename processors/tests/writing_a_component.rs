//! Runs the tests of the example component, and checks that the page
//! `docs/writing-a-component.md` shows its code.

use std::fs;
use std::path::Path;

use port_sample::KIND;
use serde::de::IntoDeserializer as _;
use toml::de::ValueDeserializer;

#[path = "../examples/port_sample.rs"]
#[expect(unreachable_pub, reason = "cargo also builds the example as a crate")]
mod port_sample;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the code blocks in a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    let blocks = page.split(&opening).skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    blocks.collect()
}

#[test]
fn the_rust_code_of_the_page_is_that_of_the_example_in_its_order() {
    let page = read("../docs/writing-a-component.md");
    let example = read("examples/port_sample.rs");
    let mut rest = example.as_str();
    let blocks = blocks(&page, "rust");
    assert_eq!(blocks.len(), 6);
    for block in blocks {
        let found = rest.split_once(block);
        (_, rest) =
            found.unwrap_or_else(|| panic!("not in the example, or out of order:\n{block}"));
    }
}

#[test]
fn the_configuration_of_the_page_is_accepted() {
    let page = read("../docs/writing-a-component.md");
    let table: toml::Table = toml::from_str(blocks(&page, "toml")[0]).expect("valid TOML");
    let table = table["processors"][KIND.name].to_string();
    let value = ValueDeserializer::parse(&table).expect("a value");
    let config = (KIND.parse)(value.into_deserializer());
    assert!(config.is_ok(), "{:?}", config.err());
}
