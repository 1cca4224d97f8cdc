//! What is shown at 80, 120 and 200 columns, and as text.

use std::time::Duration;

use ratatui::crossterm::event::KeyCode;
use ratatui::style::Modifier;

use super::{Screen, page};
use crate::verbs::top::activity::Activity;
use crate::verbs::top::screen;

const AT_80: &str = "\
tidegate 1.2.3 on default/worker-1 at here:1, up 2m 4s, rates over 4.0s
degraded, CPU 3.1 %, memory 17.6 MiB, in 195.3 KiB/s, out 117.2 KiB/s, …
the ledger balances, receivers.socket connected, pipeline flows
exporters.backend DEGRADED: cannot reach http://127.0.0.1:4317: Connection refu…

ALL      READ FILTERED DROPPED DELIVERED LOST UPSTREAM  BYTES IN BYTES OUT     …
per s   1,000       50      50       900           512 195.3 KiB 117.2 KiB
total 124,000    6,200   6,202   111,505        63,488  23.7 MiB  14.2 MiB

STAGE                         IN/s OUT/s FILTERED/s DROPPED/s   BYTES/s QUEUE  …
receivers.socket             1,000 1,000          -         - 195.3 KiB
processors.decode_all_events 1,000   900         50        50
exporters.lines                900   900          -         - 117.2 KiB  10 %
exporters.backend              900     -          -         -            90 %

QUEUE OF          FULL PEAK BLOCKED RECORDS    OF     BYTES       OF WHEN FULL …
exporters.lines   10 % 15 %       -     100 1,000 156.2 KiB 16.0 MiB block
exporters.backend 90 % 95 %   100 %     900 1,000   1.5 MiB 16.0 MiB block





q quit  h help  Tab queues  s sort  / filter  p pause  +/- every 4s";

const AT_120: &str = "\
tidegate 1.2.3 on default/worker-1 at here:1, up 2m 4s, rates over 4.0s
degraded, CPU 3.1 %, memory 17.6 MiB, in 195.3 KiB/s, out 117.2 KiB/s, series 104, peak memory 19.2 MiB
the ledger balances, receivers.socket connected, pipeline flows
exporters.backend DEGRADED: cannot reach http://127.0.0.1:4317: Connection refused (os error 111) (retrying)

ALL       READ  FILTERED  DROPPED  DELIVERED  UNCONFIRMED  LOST UPSTREAM   BYTES IN  BYTES OUT
per s    1,000        50       50        900            -            512  195.3 KiB  117.2 KiB
total  124,000     6,200    6,202    111,505            3         63,488   23.7 MiB   14.2 MiB

STAGE                         IN/s OUT/s FILTERED/s DROPPED/s   BYTES/s QUEUE PEAK IN FLIGHT UNCONFIRMED WHY           …
receivers.socket             1,000 1,000          -         - 195.3 KiB                    0           -
processors.decode_all_events 1,000   900         50        50                              0           - unknown_payl…
exporters.lines                900   900          -         - 117.2 KiB  10 % 15 %       100           -
exporters.backend              900     -          -         -            90 % 95 %   111,592           3

QUEUE OF           FILL        FULL  PEAK  BLOCKED  RECORDS     OF      BYTES        OF  SERIES  WHEN FULL
exporters.lines    █·········  10 %  15 %        -      100  1,000  156.2 KiB  16.0 MiB       -  block
exporters.backend  █████████·  90 %  95 %    100 %      900  1,000    1.5 MiB  16.0 MiB       -  block





q quit  h help  Tab queues  s sort  / filter  p pause  +/- every 4s";

const AT_200: &str = "\
tidegate 1.2.3 on default/worker-1 at here:1, up 2m 4s, rates over 4.0s
degraded, CPU 3.1 %, memory 17.6 MiB, in 195.3 KiB/s, out 117.2 KiB/s, series 104, peak memory 19.2 MiB
the ledger balances, receivers.socket connected, pipeline flows
exporters.backend DEGRADED: cannot reach http://127.0.0.1:4317: Connection refused (os error 111) (retrying)

ALL       READ  FILTERED  DROPPED  DELIVERED  UNCONFIRMED  LOST UPSTREAM   BYTES IN  BYTES OUT
per s    1,000        50       50        900            -            512  195.3 KiB  117.2 KiB
total  124,000     6,200    6,202    111,505            3         63,488   23.7 MiB   14.2 MiB

STAGE                          IN/s  OUT/s  FILTERED/s  DROPPED/s    BYTES/s  QUEUE  PEAK  IN FLIGHT  UNCONFIRMED  BLOCKED  TOTAL IN  WHY
receivers.socket              1,000  1,000           -          -  195.3 KiB                       0            -            124,000
processors.decode_all_events  1,000    900          50         50                                  0            -            124,000  unknown_payload_type 6,200 (50/s), frame_cut_short 2, filtered he…
exporters.lines                 900    900           -          -  117.2 KiB   10 %  15 %        100            -        -   111,600
exporters.backend               900      -           -          -              90 %  95 %    111,592            3    100 %   111,600

QUEUE OF           FILL        FULL  PEAK  BLOCKED  RECORDS     OF      BYTES        OF  SERIES  WHEN FULL
exporters.lines    █·········  10 %  15 %        -      100  1,000  156.2 KiB  16.0 MiB       -  block
exporters.backend  █████████·  90 %  95 %    100 %      900  1,000    1.5 MiB  16.0 MiB       -  block





q quit  h help  Tab queues  s sort  / filter  p pause  +/- every 4s";

const AS_TEXT: &str = "\
tidegate 1.2.3 on default/worker-1 at here:1, up 2m 4s, rates over 4.0s
degraded, CPU 3.1 %, memory 17.6 MiB, in 195.3 KiB/s, out 117.2 KiB/s, series 104, peak memory 19.2 MiB
the ledger balances, receivers.socket connected, pipeline flows
exporters.backend DEGRADED: cannot reach http://127.0.0.1:4317: Connection refused (os error 111) (retrying)

ALL       READ  FILTERED  DROPPED  DELIVERED  UNCONFIRMED  LOST UPSTREAM   BYTES IN  BYTES OUT
per s    1,000        50       50        900            -            512  195.3 KiB  117.2 KiB
total  124,000     6,200    6,202    111,505            3         63,488   23.7 MiB   14.2 MiB

STAGE                          IN/s  OUT/s  FILTERED/s  DROPPED/s    BYTES/s  QUEUE  PEAK  IN FLIGHT  UNCONFIRMED  BLOCKED  TOTAL IN  WHY
receivers.socket              1,000  1,000           -          -  195.3 KiB                       0            -            124,000
processors.decode_all_events  1,000    900          50         50                                  0            -            124,000  unknown_payload_type 6,200 (50/s), frame_cut_short 2, filtered health_checks 6,200 (50/s)
exporters.lines                 900    900           -          -  117.2 KiB   10 %  15 %        100            -        -   111,600
exporters.backend               900      -           -          -              90 %  95 %    111,592            3    100 %   111,600

QUEUE OF           FILL        FULL  PEAK  BLOCKED  RECORDS     OF      BYTES        OF  SERIES  WHEN FULL
exporters.lines    █·········  10 %  15 %        -      100  1,000  156.2 KiB  16.0 MiB       -  block
exporters.backend  █████████·  90 %  95 %    100 %      900  1,000    1.5 MiB  16.0 MiB       -  block
";

#[test]
fn at_80_columns_the_most_important_ones_are_shown_and_what_is_left_out_is_marked() {
    assert_eq!(Screen::watching().text(80, 24), AT_80);
}

#[test]
fn at_120_columns_reasons_are_cut_with_a_mark() {
    assert_eq!(Screen::watching().text(120, 24), AT_120);
}

#[test]
fn at_200_columns_there_is_everything() {
    assert_eq!(Screen::watching().text(200, 24), AT_200);
}

#[test]
fn as_text_nothing_is_cut() {
    let activity = Activity::between(Some(&page(120)), page(124));
    assert_eq!(screen::text("here:1", &activity), AS_TEXT);
}

#[test]
fn an_agent_that_does_not_answer_is_dimmed_and_counted() {
    let mut screen = Screen::watching();
    screen.now += Duration::from_secs(7);
    assert!(!screen.text(80, 24).contains("NO ANSWER"), "it may be late");
    screen.state.error = Some("cannot connect".to_owned());
    assert_eq!(screen.lines(80, 24)[1], "NO ANSWER for 7s: cannot connect");
    let buffer = screen.buffer(80, 24);
    let is_dim = |x, y| buffer[(x, y)].modifier.contains(Modifier::DIM);
    assert!(!is_dim(0, 0) && !is_dim(0, 1) && is_dim(0, 2) && is_dim(0, 12));
    screen.update(page(135));
    assert!(screen.lines(80, 24)[1].starts_with("degraded, CPU 3.1 %"));

    screen.now += Duration::from_secs(20);
    assert_eq!(
        screen.lines(80, 24)[1],
        "NO ANSWER for 20s",
        "without an error"
    );
}

#[test]
fn a_restarted_agent_is_not_compared_with_the_earlier_report() {
    let mut screen = Screen::watching();
    screen.update(page(10));
    let expected =
        "tidegate 1.2.3 on default/worker-1 at here:1, up 10s, restarted, rates since its start";
    assert_eq!(screen.lines(100, 24)[0], expected);
    screen.update(page(14));
    screen.update(page(2));
    assert!(screen.lines(100, 24)[0].contains(", restarted 2 times, "));
}

#[test]
fn further_degraded_stages_are_counted() {
    let mut now = page(124);
    let reason = now.degraded.values().next().unwrap().clone();
    for name in ["a", "b", "c"] {
        let stage = tidegate_runtime::stage_id::StageId::exporter(name);
        now.degraded.insert(stage, reason.clone());
    }
    let lines = Screen::of([page(120), now]).lines(60, 30);
    assert_eq!(
        lines[3..7],
        [
            "exporters.a DEGRADED: cannot reach http://127.0.0.1:4317: C…",
            "exporters.b DEGRADED: cannot reach http://127.0.0.1:4317: C…",
            "… 2 more are degraded",
            ""
        ]
    );
}

#[test]
fn colors_can_be_turned_off() {
    let mut screen = Screen::watching();
    let colored = |screen: &mut Screen| {
        let buffer = screen.buffer(120, 24);
        buffer
            .content
            .iter()
            .any(|cell| cell.fg != ratatui::style::Color::Reset)
    };
    assert!(colored(&mut screen));
    screen.state.has_colors = false;
    assert!(!colored(&mut screen));
    screen.press(&[KeyCode::Char('p')]);
    assert!(screen.text(120, 24).contains("PAUSED"));
}

#[test]
fn with_several_pipelines_each_row_names_its_own() {
    let of = |seconds| {
        let mut page = page(seconds);
        page.report.stages[1].pipeline = "other".to_owned();
        page
    };
    let mut screen = Screen::of([of(120), of(124)]);
    let lines = screen.lines(80, 24);
    assert!(
        lines[2].ends_with(", pipelines flows other"),
        "{}",
        lines[2]
    );
    let expected = [
        "STAGE                        PIPELINE  IN/s OUT/s DROPPED/s   BYTES/s QUEUE    …",
        "receivers.socket             flows    1,000 1,000         - 195.3 KiB",
        "processors.decode_all_events other    1,000   900        50",
    ];
    assert_eq!(lines[9..12], expected);
    screen.press(&[KeyCode::Char('/'), KeyCode::Char('o'), KeyCode::Char('t')]);
    assert!(screen.lines(80, 24)[10].starts_with("processors.decode_all_events other"));
}
