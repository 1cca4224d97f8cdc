//! An item of the metrics list, in the grammar of Hubble's `hubble-metrics` flag
//! (`pkg/hubble/metrics/api/api.go`, v1.19.4): `name[:option[=value{,value}]{;option…}]`.

/// What is wrong with the list. The texts of what Hubble refuses too are Hubble's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ItemError {
    /// Hubble only warns and counts nothing; a typo that nobody sees until a dashboard is empty.
    #[error("metric '{name}' does not exist{hint}")]
    UnknownMetric { name: String, hint: String },
    #[error("metric '{0}' is listed twice")]
    Twice(&'static str),
    #[error("plugin {0} conflicts with plugin {1}")]
    Conflict(&'static str, &'static str),
    #[error("unable to initialize metric '{metric}': unknown context '{context}'")]
    UnknownContext { metric: String, context: String },
    #[error("unable to initialize metric '{metric}': invalid labelsContext value: {label}")]
    UnknownLabel { metric: String, label: String },
}

/// A metric's name and options.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item<'a> {
    pub(super) name: &'a str,
    pub(super) options: Vec<(String, Vec<&'a str>)>,
}

impl<'a> Item<'a> {
    /// Takes the text apart; no text is wrong at this level.
    pub(super) fn parse(text: &'a str) -> Self {
        let (name, options) = text.split_once(':').unwrap_or((text, ""));
        let options = options
            .split(';')
            .filter(|option| !option.is_empty())
            .map(option)
            .collect();
        Self { name, options }
    }

    /// Whether an option is given, with whatever value. `key` is in lower case.
    pub(super) fn has(&self, key: &str) -> bool {
        self.values(key).is_some()
    }

    /// The values of an option; of one that is given twice, the last ones.
    pub(super) fn values(&self, key: &str) -> Option<&[&'a str]> {
        self.options
            .iter()
            .rfind(|(name, _)| name == key)
            .map(|(_, values)| values.as_slice())
    }
}

/// Keys are compared in lower case. A key without `=` has one value, the empty one.
fn option(text: &str) -> (String, Vec<&str>) {
    let Some((key, values)) = text.split_once('=') else {
        return (text.to_lowercase(), vec![""]);
    };
    let separator = if values.contains('|') { '|' } else { ',' };
    (
        key.to_lowercase(),
        values
            .split(separator)
            .filter(|value| !value.is_empty())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::Item;

    #[test]
    fn items_are_taken_apart_as_in_hubble() {
        type Options<'a> = &'a [(&'a str, &'a [&'a str])];
        let cases: &[(&str, &str, Options)] = &[
            ("flow", "flow", &[]),
            ("flow:", "flow", &[]),
            (
                "dns:query;ignoreAAAA",
                "dns",
                &[("query", &[""]), ("ignoreaaaa", &[""])],
            ),
            ("dns:query=false;;", "dns", &[("query", &["false"])]),
            ("a:k=x|y,z|", "a", &[("k", &["x", "y,z"])]),
            ("a:k=x,,y", "a", &[("k", &["x", "y"])]),
            ("a:k=", "a", &[("k", &[])]),
            ("a:k=x=y:z", "a", &[("k", &["x=y:z"])]),
            (
                "httpV2:exemplars=true;K=1",
                "httpV2",
                &[("exemplars", &["true"]), ("k", &["1"])],
            ),
        ];
        for (text, name, options) in cases {
            let options = options
                .iter()
                .map(|(key, values)| ((*key).to_owned(), values.to_vec()))
                .collect();
            assert_eq!(Item::parse(text), Item { name, options }, "{text}");
        }
    }

    #[test]
    fn the_last_of_a_repeated_option_counts() {
        assert_eq!(Item::parse("a:k=1;K=2").values("k"), Some(&["2"][..]));
    }
}
