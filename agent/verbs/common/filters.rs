//! The filter flags of `observe` and `tap`: those of `hubble observe`, in the order in which they are
//! given.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use tidegate_filter::words::{FLAGS, FlagGroup};
use tidegate_filter::{Filters, Flag, FlagValue};
use tidegate_model::flow::{DropReason, Verdict, reserved_identity};

use crate::error::Error;
use crate::telemetry::FilterWord;

/// The flags that were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilterArgs {
    words: Vec<FilterWord>,
}

impl FilterArgs {
    /// The flags, in the order in which they were given.
    pub(crate) fn words(&self) -> &[FilterWord] {
        &self.words
    }

    /// The filters; an error is one of usage.
    pub(crate) fn filters(&self) -> Result<Filters, Error> {
        let words = self.words.iter().map(FilterWord::parts);
        Filters::from_words(words).map_err(|error| Error::Usage(error.to_string()))
    }
}

impl clap::Args for FilterArgs {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command, |command, group| {
            let FlagGroup { heading, flags } = group;
            flags.iter().fold(command, |command, flag| {
                command.arg(argument(flag).help_heading(*heading))
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for FilterArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Vec::new();
        for flag in Flag::all() {
            let values = matches.get_many::<String>(flag.name).into_iter().flatten();
            let places = matches.indices_of(flag.name).into_iter().flatten();
            given.extend(places.zip(values).map(|(place, value)| {
                let word = FilterWord {
                    name: flag.name.to_owned(),
                    value: Some(value.clone()),
                };
                (place, word)
            }));
        }
        given.sort_by_key(|(place, _)| *place);
        let words = given.into_iter().map(|(_, word)| word).collect();
        Ok(Self { words })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn argument(flag: &Flag) -> Arg {
    let argument = Arg::new(flag.name)
        .long(flag.name)
        .help(flag.help)
        .action(ArgAction::Append)
        .value_parser(SuggestedValues(suggestions(flag.name)))
        .hide_possible_values(true);
    let argument = match flag.short {
        Some(letter) => argument.short(letter),
        None => argument,
    };
    match flag.value {
        FlagValue::Required(name) => argument.value_name(name).allow_hyphen_values(true),
        FlagValue::Absent(value) => argument
            .num_args(0..=1)
            .require_equals(true)
            .hide_default_value(true)
            .default_missing_value(value)
            .value_name("true"),
    }
}

/// Takes any text; the values are suggested by completions of shells.
#[derive(Clone)]
struct SuggestedValues(Vec<&'static str>);

impl TypedValueParser for SuggestedValues {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let text = value.to_str().map(str::to_owned);
        text.ok_or_else(|| clap::Error::new(ErrorKind::InvalidUtf8).with_cmd(command))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        if self.0.is_empty() {
            return None;
        }
        Some(Box::new(
            self.0.iter().map(|value| PossibleValue::new(*value)),
        ))
    }
}

/// The values that Hubble's completions suggest for a flag.
fn suggestions(flag: &str) -> Vec<&'static str> {
    match flag {
        "ip-version" => vec!["none", "v4", "v6"],
        "type" => vec![
            "capture",
            "drop",
            "l7",
            "policy-verdict",
            "trace",
            "trace-sock",
        ],
        "verdict" => Verdict::ALL
            .into_iter()
            .filter(|verdict| *verdict != Verdict::Unknown)
            .map(Verdict::name)
            .collect(),
        "drop-reason-desc" => (0..=u8::MAX)
            .filter_map(|number| DropReason(number.into()).name())
            .collect(),
        "protocol" => vec![
            "icmp", "icmpv4", "icmpv6", "sctp", "tcp", "udp", "vrrp", "igmp", "dns", "http",
            "kafka",
        ],
        "http-method" => vec![
            "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
        ],
        "identity" | "from-identity" | "to-identity" => {
            (0..16).filter_map(reserved_identity).collect()
        }
        "traffic-direction" => vec!["ingress", "egress"],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::FilterArgs;
    use crate::telemetry::FilterWord;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        filters: FilterArgs,
    }

    fn words(args: &str) -> Vec<String> {
        let words = ["observe"].into_iter().chain(args.split_whitespace());
        let line = Line::try_parse_from(words).unwrap();
        line.filters
            .words()
            .iter()
            .map(FilterWord::to_string)
            .collect()
    }

    #[test]
    fn flags_keep_the_order_in_which_they_are_given() {
        assert_eq!(
            words("--verdict DROPPED --not --to-port 53 -4 --verdict=ERROR --not -n kube-system"),
            [
                "verdict=DROPPED",
                "not=true",
                "to-port=53",
                "ipv4=v4",
                "verdict=ERROR",
                "not=true",
                "namespace=kube-system"
            ]
        );
    }

    #[test]
    fn a_value_may_begin_with_a_hyphen_and_is_not_limited_to_the_suggestions() {
        assert_eq!(
            words("--label -a --type 4 --protocol x"),
            ["label=-a", "type=4", "protocol=x"]
        );
    }
}
