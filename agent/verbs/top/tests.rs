//! The screen of fixed reports, as text.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};
use tidegate_runtime::stage_id::StageId;

use super::activity::Activity;
use super::screen;
use super::screen_state::ScreenState;
use crate::telemetry::LedgerPage;

/// The page of an agent after some seconds: it receives ten records per second, drops a tenth, and
/// its exporter is stuck.
fn page(seconds: u32) -> LedgerPage<String> {
    let n = seconds * 10;
    let delivered = n - seconds - 22;
    let page = json!({
        "version": "1.2.3",
        "balanced": true,
        "uptime_seconds": seconds,
        "unaccounted": 0,
        "upstream_lost": {"perf_ring": 512 * seconds},
        "stages": [
            stage("receivers.r", n, &json!({"forwarded": n})),
            stage(
                "processors.p",
                n,
                &json!({
                    "filtered": {"rule": 20},
                    "dropped": {"broken": seconds, "once": 2},
                    "forwarded": delivered,
                }),
            ),
            stage(
                "exporters.e",
                delivered,
                &json!({"absorbed": 5, "unconfirmed": 3, "in_flight": delivered - 8}),
            ),
        ],
        "edges": [
            edge("exporters.e", 900, 1_572_864, seconds),
            edge("processors.p", 0, 0, 0),
        ],
        "connected": {"receivers.r": true, "receivers.s": false},
    });
    serde_json::from_value(page).unwrap()
}

/// The report of a stage; `counts` replaces the counters that are not zero.
fn stage(name: &str, received: u32, counts: &Value) -> Value {
    let mut stage = json!({
        "pipeline": "flows",
        "stage": name,
        "in": received,
        "created": 0,
        "out": {},
        "filtered": {},
        "dropped": {},
        "absorbed": 0,
        "in_flight": 0,
        "unaccounted": 0,
        "forwarded": 0,
    });
    for (key, value) in counts.as_object().unwrap() {
        stage[key] = value.clone();
    }
    stage
}

fn edge(stage: &str, records: u32, bytes: u32, blocked_seconds: u32) -> Value {
    json!({
        "pipeline": "flows",
        "stage": stage,
        "queue_records": records,
        "queue_bytes": bytes,
        "max_records": 1000,
        "max_bytes": 16_777_216,
        "when_full": "block",
        "blocked_seconds": blocked_seconds,
    })
}

const TEXT: &str = "\
tidegate 1.2.3 at here:1, up 2m 4s, rates over 4.0s
the ledger balances; unaccounted 0; lost upstream at least perf_ring 63,488 (512/s); receivers.r connected; receivers.s NOT CONNECTED

PIPELINE  STAGE         IN/s  OUT/s  ABSORBED/s  FILTERED/s  DROPPED/s  UNCONFIRMED  IN FLIGHT  DROPS
flows     receivers.r     10     10           -           -          -            -          0
flows     processors.p    10    9.0           -           -        1.0            -          0  broken 124 (1.0/s), once 2
flows     exporters.e    9.0      -           -           -          -            3      1,086

PIPELINE  QUEUE OF      RECORDS     HELD     OF  BYTES          HELD        OF  BLOCKED  WHEN FULL
flows     exporters.e   █████████·   900  1,000  █·········  1.5 MiB  16.0 MiB    100 %  block
flows     processors.p  ··········     0  1,000  ··········      0 B  16.0 MiB        -  block
";

#[test]
fn each_degraded_stage_has_a_line() {
    let mut now = page(124);
    now.degraded
        .insert(StageId::exporter("x"), "the reader stalls".to_owned());
    let text = screen::text("here:1", &Activity::between(Some(&page(120)), now));
    let lines: Vec<_> = text.lines().skip(2).take(2).collect();
    assert_eq!(lines, ["exporters.x DEGRADED: the reader stalls", ""]);
}

#[test]
fn the_activity_between_two_reports_is_printed_as_text() {
    let activity = Activity::between(Some(&page(120)), page(124));
    assert_eq!(screen::text("here:1", &activity), TEXT);
}

/// The text of a screen of this size.
fn drawn(state: &mut ScreenState, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| screen::draw(frame, "here:1", state))
        .unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| {
        (0..width)
            .map(|x| buffer[(x, y)].symbol())
            .collect::<String>()
            .trim_end()
            .to_owned()
    };
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

fn watching() -> ScreenState {
    let mut state = ScreenState::default();
    state.update(page(120));
    state.update(page(124));
    state
}

fn press(state: &mut ScreenState, keys: &[KeyCode]) {
    keys.iter()
        .for_each(|key| assert!(state.press(KeyEvent::new(*key, KeyModifiers::NONE))));
}

#[test]
fn the_screen_shows_the_text_with_the_keys_below() {
    let expected = TEXT.to_owned() + "\n\nq quit   arrows scroll   d drops in detail   p pause";
    assert_eq!(drawn(&mut watching(), 140, 14), expected);
}

#[test]
fn arrows_scroll_to_what_does_not_fit() {
    let mut state = watching();
    press(&mut state, &[KeyCode::Down, KeyCode::Down, KeyCode::Right]);
    let expected = "\
tidegate 1.2.3 at here:1, up 2
the ledger balances; unaccount

processors.p    10    9.0
exporters.e    9.0      -
q quit   arrows scroll   d dro";
    assert_eq!(drawn(&mut state, 30, 6), expected);
    press(&mut state, &[KeyCode::PageDown; 9]);
    drawn(&mut state, 30, 6);
    assert_eq!(state.scroll, (10, 6), "scrolling stops at the last line");
}

#[test]
fn details_show_every_counter() {
    let mut state = watching();
    press(&mut state, &[KeyCode::Char('d')]);
    let expected = "\
PIPELINE  STAGE         WHAT         BY      TOTAL  PER SECOND
flows     processors.p  dropped      broken    124         1.0
flows     processors.p  dropped      once        2           -
flows     processors.p  filtered     rule       20           -
flows     exporters.e   unconfirmed              3           -
q quit   arrows scroll   d stages and queues   p pause";
    let screen = drawn(&mut state, 80, 9);
    assert_eq!(
        screen.lines().skip(3).collect::<Vec<_>>().join("\n"),
        expected
    );
}

#[test]
fn a_pause_freezes_the_screen_and_rates_include_it() {
    let mut state = watching();
    press(&mut state, &[KeyCode::Char('p')]);
    state.update(page(130));
    assert!(drawn(&mut state, 140, 14).contains("up 2m 4s") && state.paused);
    assert!(drawn(&mut state, 140, 14).ends_with("p resume   PAUSED"));
    press(&mut state, &[KeyCode::Char('p')]);
    state.update(page(134));
    assert!(drawn(&mut state, 140, 14).contains("up 2m 14s, rates over 10.0s"));
}

#[test]
fn a_restarted_agent_is_not_compared_with_the_earlier_report() {
    let mut state = watching();
    state.update(page(10));
    assert!(drawn(&mut state, 140, 14).contains("up 10s, rates since its start"));
    state.error = Some("cannot connect".to_owned());
    assert!(drawn(&mut state, 140, 14).ends_with("\ncannot connect"));
}

#[test]
fn three_keys_quit() {
    let quits = [
        KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE),
        KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE),
        KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
    ];
    assert!(quits.into_iter().all(|key| !watching().press(key)));
    assert!(watching().press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::NONE)));
}
