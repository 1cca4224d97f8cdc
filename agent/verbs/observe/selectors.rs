//! Which of the flows that match are printed.

use std::time::Duration;

use tidegate_model::Timestamp;

use super::time;
use crate::error::Error;

/// The largest `--last`, as in Hubble.
const MAX_LAST: u64 = 1_000_000;

const TIME_HELP: &str = "\
A duration before now, such as 3s, 4m or 1h43m, or one of:
  YearMonthDay:           2006-01-02
  YearMonthDayHour:       2006-01-02T15-07:00
  YearMonthDayHourMinute: 2006-01-02T15:04-07:00
  RFC3339:                2006-01-02T15:04:05-07:00, with up to nine digits of the second's fraction
  RFC1123Z:               Mon, 02 Jan 2006 15:04:05 -0700";

/// The arguments.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Selectors")]
pub(super) struct SelectorArgs {
    /// Print all flows; the default
    #[arg(long)]
    all: bool,
    /// Print the last N flows of a recording
    ///
    /// A socket and an agent keep no flows, so that they have no last ones. At most 1000000.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        allow_negative_numbers = true
    )]
    last: u64,
    /// End after N flows
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        allow_negative_numbers = true
    )]
    first: u64,
    /// Wait for more at the end of a recording; of a socket, connect again when the agent restarts
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Print flows from this time on
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, long_help = since_help())]
    since: Option<String>,
    /// Print flows until this time; ignored with --follow
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, long_help = until_help())]
    until: Option<String>,
}

fn since_help() -> String {
    format!("Print flows from this time on. {TIME_HELP}")
}

fn until_help() -> String {
    format!(
        "Print flows until this time; ignored with --follow. A negative duration is in the future: \
         --until -30s watches a socket or an agent for 30 seconds. {TIME_HELP}"
    )
}

/// The flows to print, of those that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) part: Part,
    pub(super) follow: bool,
}

/// Which of the flows within the times are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    All,
    First(u64),
    Last(usize),
}

impl SelectorArgs {
    /// Checks the combination. The texts of the errors are Hubble's.
    pub(super) fn selection(&self, now: Timestamp) -> Result<Selection, Error> {
        let Self {
            all, first, follow, ..
        } = *self;
        let has_first = first > 0;
        let has_last = self.last > 0;
        let both = [
            (has_first && has_last, "--first and --last"),
            (has_first && all, "--first and --all"),
            (has_first && follow, "--first and --follow"),
            (has_last && all, "--last and --all"),
        ];
        if let Some((_, pair)) = both.iter().find(|(is_set, _)| *is_set) {
            return Err(Error::Usage(format!("cannot set both {pair}")));
        }
        if self.last > MAX_LAST {
            let last = self.last;
            return Err(Error::Usage(format!(
                "--last must be <= {MAX_LAST}, got {last}"
            )));
        }
        let part = match (first, usize::try_from(self.last)) {
            (1.., _) => Part::First(first),
            (0, Ok(last @ 1..)) => Part::Last(last),
            _ => Part::All,
        };
        let until = self.until.as_deref().filter(|_| !follow);
        Ok(Selection {
            since: parse(self.since.as_deref(), "since", now)?,
            until: parse(until, "until", now)?,
            part,
            follow,
        })
    }
}

fn parse(text: Option<&str>, name: &str, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let Some(text) = text else { return Ok(None) };
    match time::parse(text, now) {
        Some(time) => Ok(Some(time)),
        None => Err(Error::Usage(format!(
            "failed to parse the {name} time: failed to convert {text} to time; write a duration \
             such as 5m, or a date such as 2026-03-01T10:00:00Z"
        ))),
    }
}

impl Selection {
    /// Whether a record of this time is within the times.
    pub(super) fn has_time(&self, time: Timestamp) -> bool {
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
    }

    /// Whether a live source comes to an end by itself.
    pub(super) fn is_bounded(&self) -> bool {
        self.until.is_some() || matches!(self.part, Part::First(_))
    }

    /// Time from `now` until the last flow of a live source; `None` without a limit.
    pub(super) fn time_left(&self, now: Timestamp) -> Option<Duration> {
        self.until.map(|until| until.since(now))
    }

    /// Refuses what a source without a memory cannot select.
    pub(super) fn check_live(&self, source: &str) -> Result<(), Error> {
        match self.part {
            Part::Last(_) => Err(Error::Usage(format!(
                "--last needs a recording: {source} keeps no flows; --first N ends after N of them"
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{Part, Selection, SelectorArgs, Timestamp};

    const NOW: Timestamp = Timestamp(1_772_359_200_000_000_000);

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        selectors: SelectorArgs,
    }

    fn selection(args: &str) -> Result<Selection, String> {
        let words = ["observe"].into_iter().chain(args.split_whitespace());
        let line = Line::try_parse_from(words).unwrap();
        line.selectors
            .selection(NOW)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn flags_select_a_part_of_the_flows() {
        for (args, part) in [
            ("", Part::All),
            ("--all", Part::All),
            ("--last 0 --first 0", Part::All),
            ("--last 5", Part::Last(5)),
            ("--last 5 --follow", Part::Last(5)),
            ("--first 5 --since 5m", Part::First(5)),
        ] {
            assert_eq!(selection(args).map(|one| one.part), Ok(part), "{args}");
        }
    }

    #[test]
    fn flags_that_exclude_each_other_are_refused_as_by_hubble() {
        for (args, expected) in [
            ("--first 1 --last 1", "cannot set both --first and --last"),
            ("--first 1 --all", "cannot set both --first and --all"),
            ("--first 1 -f", "cannot set both --first and --follow"),
            ("--last 1 --all", "cannot set both --last and --all"),
            ("--last 1000001", "--last must be <= 1000000, got 1000001"),
            ("--since soon", "failed to parse the since time"),
            ("--until soon", "failed to parse the until time"),
        ] {
            let error = selection(args).unwrap_err();
            assert!(error.contains(expected), "{args}: {error}");
        }
    }

    #[test]
    fn times_include_both_ends_and_the_end_is_ignored_when_flows_are_followed() {
        let range = selection("--since 2s --until 1s").unwrap();
        let second = 1_000_000_000;
        let times = [
            NOW.0 - 2 * second - 1,
            NOW.0 - 2 * second,
            NOW.0 - second,
            NOW.0,
        ];
        assert_eq!(
            times.map(|time| range.has_time(Timestamp(time))),
            [false, true, true, false]
        );
        assert!(selection("-f --until 1s").unwrap().has_time(NOW));
    }
}
