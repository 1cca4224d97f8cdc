//! The rules of `docs/filtering.md`.

use tidegate_model::Kinds;
use tidegate_processors::KINDS;
use tidegate_runtime::component::{ChainPosition, FlowContent};
use toml::Value;

const PAGE: &str = include_str!("../../../docs/filtering.md");

/// The tables of the processors in a block of TOML, with their kinds.
fn processors(block: &str) -> Vec<(String, Value)> {
    let file: toml::Table = block.parse().unwrap();
    let tables = file.get("processors").and_then(Value::as_table);
    let tables = tables.into_iter().flatten();
    let of = |(id, table): (&String, &Value)| {
        let kind = id.split('/').next().unwrap();
        (kind.to_owned(), table.clone())
    };
    tables.map(of).collect()
}

#[test]
fn every_recipe_is_valid() {
    let blocks = PAGE.split("```toml\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    let mut count = 0;
    for (kind, table) in blocks.flat_map(processors) {
        let kind = KINDS.iter().find(|other| other.name == kind).unwrap();
        let config = (kind.parse)(toml::de::ValueDeserializer::parse(&table.to_string()).unwrap())
            .unwrap_or_else(|error| panic!("{error}\n{table}"));
        let found = config.inspect(&ChainPosition {
            received: Kinds::ALL,
            arriving: Kinds::ALL,
            earlier: vec![FlowContent::Names],
            later: Vec::new(),
            created_later: Kinds::NONE,
        });
        assert_eq!(found, [], "{table}");
        count += usize::from(kind.name == "filter");
    }
    assert_eq!(count, 9);
}
