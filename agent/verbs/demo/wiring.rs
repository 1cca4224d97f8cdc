//! The configuration of the demo: the shipped file, with lines blanked out or uncommented, so that
//! errors still point to the place in the shipped file.

use crate::verbs::common::shipped::PIPELINE;

/// Keys of the shipped file with the values of the demo: it ends within half a second, whatever its
/// peers do.
const LIMITS: [(&str, &str); 2] = [
    ("#drain_timeout = \"5s\"", "drain_timeout = \"250ms\""),
    ("#grace_period = \"10s\"", "grace_period = \"300ms\""),
];

/// The configuration; without a collector it has no `otlp`, which would wait for one.
pub(super) fn pipeline(has_collector: bool) -> String {
    let text = LIMITS
        .iter()
        .fold(PIPELINE.to_owned(), |text, (shipped, value)| {
            text.replace(shipped, value)
        });
    if has_collector {
        return text;
    }
    let mut is_otlp = false;
    let mut lines = String::with_capacity(text.len());
    for line in text.lines() {
        if line.starts_with('[') {
            is_otlp = line.starts_with("[exporters.otlp]");
        }
        if !is_otlp {
            lines += &line.replace("\"otlp\", ", "");
        }
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use toml::{Table, Value};

    use super::{PIPELINE, pipeline};

    fn parse(text: &str) -> Table {
        text.parse().unwrap()
    }

    fn table<'a>(table: &'a mut Table, keys: &[&str]) -> &'a mut Table {
        keys.iter()
            .fold(table, |table, key| table[*key].as_table_mut().unwrap())
    }

    #[test]
    fn with_a_collector_only_time_limits_differ_from_the_shipped_configuration() {
        let mut expected = parse(PIPELINE);
        table(&mut expected, &["service"]).insert("grace_period".to_owned(), "300ms".into());
        table(&mut expected, &["exporters", "otlp"])
            .insert("drain_timeout".to_owned(), "250ms".into());
        assert_eq!(parse(&pipeline(true)), expected);
    }

    #[test]
    fn without_a_collector_there_is_no_otlp_and_every_line_stays_in_its_place() {
        let mut expected = parse(&pipeline(true));
        table(&mut expected, &["exporters"]).remove("otlp");
        table(&mut expected, &["service", "pipelines", "flows"])["exporters"]
            .as_array_mut()
            .unwrap()
            .retain(|exporter| *exporter != Value::from("otlp"));
        let text = pipeline(false);
        assert_eq!(parse(&text), expected);
        let place = |text: &str| {
            text.lines()
                .position(|line| line == "[service.pipelines.flows]")
        };
        assert_eq!(place(&text), place(PIPELINE));
    }
}
