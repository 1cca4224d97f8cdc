//! An item of the metrics list, in the grammar of Hubble's `hubble-metrics` flag
//! (`pkg/hubble/metrics/api/api.go`, v1.19.4): `name[:option[=value{,value}]{;option…}]`.

/// One item, as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item<'a> {
    pub(super) name: &'a str,
    pub(super) options: Vec<ItemOption<'a>>,
}

/// An option and its values; an option without `=` has one empty value. Case does not matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ItemOption<'a> {
    pub(super) key: &'a str,
    pub(super) values: Vec<&'a str>,
}

impl<'a> Item<'a> {
    /// Splits the text. Every text is valid at this level.
    pub(super) fn parse(text: &'a str) -> Self {
        let (name, options) = text.split_once(':').unwrap_or((text, ""));
        let options = options
            .split(';')
            .filter(|option| !option.is_empty())
            .map(ItemOption::parse)
            .collect();
        Self { name, options }
    }

    /// Whether an option is given, with any value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.option(key).is_some()
    }

    /// The values of an option; the last ones if it is repeated.
    pub(super) fn values(&self, key: &str) -> Option<&[&'a str]> {
        self.option(key).map(|option| option.values.as_slice())
    }

    /// An option; the last one if it is repeated.
    pub(super) fn option(&self, key: &str) -> Option<&ItemOption<'a>> {
        self.options.iter().rfind(|option| option.is(key))
    }

    /// A text that is the same for two items with the same meaning.
    pub(super) fn identity(&self) -> String {
        let options = self.options.iter();
        let options = options.map(|option| (option.key.to_lowercase(), &option.values));
        format!("{} {:?}", self.name, options.collect::<Vec<_>>())
    }
}

impl<'a> ItemOption<'a> {
    fn parse(text: &'a str) -> Self {
        let Some((key, values)) = text.split_once('=') else {
            return Self {
                key: text,
                values: vec![""],
            };
        };
        let separator = if values.contains('|') { '|' } else { ',' };
        let values = values.split(separator).filter(|value| !value.is_empty());
        Self {
            key,
            values: values.collect(),
        }
    }

    /// Whether it is the option of that name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.key.to_lowercase() == name.to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, ItemOption};

    #[test]
    fn items_are_split_as_in_hubble() {
        type Options<'a> = &'a [(&'a str, &'a [&'a str])];
        let cases: &[(&str, &str, Options)] = &[
            ("flow", "flow", &[]),
            ("flow:", "flow", &[]),
            (
                "dns:query;ignoreAAAA",
                "dns",
                &[("query", &[""]), ("ignoreAAAA", &[""])],
            ),
            ("dns:query=false;;", "dns", &[("query", &["false"])]),
            ("a:k=x|y,z|", "a", &[("k", &["x", "y,z"])]),
            ("a:k=x,,y", "a", &[("k", &["x", "y"])]),
            ("a:k=", "a", &[("k", &[])]),
            ("a:k=x=y:z", "a", &[("k", &["x=y:z"])]),
            (
                "httpV2:exemplars=true;K=1",
                "httpV2",
                &[("exemplars", &["true"]), ("K", &["1"])],
            ),
        ];
        for (text, name, options) in cases {
            let options = options
                .iter()
                .map(|(key, values)| ItemOption {
                    key,
                    values: values.to_vec(),
                })
                .collect();
            assert_eq!(Item::parse(text), Item { name, options }, "{text}");
        }
    }

    #[test]
    fn the_last_values_of_a_repeated_option_apply() {
        assert_eq!(Item::parse("a:k=1;K=2").values("k"), Some(&["2"][..]));
    }
}
