//! An item of the metrics list, in the grammar of Hubble's `hubble-metrics` flag
//! (`pkg/hubble/metrics/api/api.go`, v1.19.4): `name[:option[=value{,value}]{;option…}]`.

/// A mistake in the list. Where Hubble reports the same mistake, the text is Hubble's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ItemError {
    /// Hubble only logs a warning, so that a typo shows as an empty dashboard.
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
    /// Splits the text. Every text is valid at this level.
    pub(super) fn parse(text: &'a str) -> Self {
        let (name, options) = text.split_once(':').unwrap_or((text, ""));
        let options = options
            .split(';')
            .filter(|option| !option.is_empty())
            .map(parse_option)
            .collect();
        Self { name, options }
    }

    /// Whether an option is given, with any value. `key` is in lower case.
    pub(super) fn has(&self, key: &str) -> bool {
        self.values(key).is_some()
    }

    /// The values of an option; the last ones if it is repeated.
    pub(super) fn values(&self, key: &str) -> Option<&[&'a str]> {
        self.options
            .iter()
            .rfind(|(name, _)| name == key)
            .map(|(_, values)| values.as_slice())
    }
}

/// Splits an option into its key, in lower case, and its values. A key without `=` has one empty
/// value.
fn parse_option(text: &str) -> (String, Vec<&str>) {
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
    fn items_are_split_as_in_hubble() {
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
    fn the_last_values_of_a_repeated_option_apply() {
        assert_eq!(Item::parse("a:k=1;K=2").values("k"), Some(&["2"][..]));
    }
}
