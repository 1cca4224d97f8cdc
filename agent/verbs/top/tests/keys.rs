//! What keys do.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Screen, page, page_of};
use crate::verbs::top::keys::press;

/// The first words of the rows of the table.
fn rows(screen: &mut Screen) -> Vec<String> {
    let lines = screen.lines(200, 40);
    let titles = lines.iter().position(|line| line.starts_with("STAGE"));
    lines[titles.unwrap() + 1..]
        .iter()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

#[test]
fn s_sorts_by_one_column_after_the_other_and_r_reverses() {
    let mut screen = Screen::watching();
    let wiring = [
        "receivers.socket",
        "processors.decode_all_events",
        "exporters.lines",
        "exporters.backend",
    ];
    assert_eq!(rows(&mut screen), wiring);
    screen.press(&[KeyCode::Char('s')]);
    let by_name = [wiring[3], wiring[2], wiring[1], wiring[0]];
    assert_eq!(rows(&mut screen), by_name);
    assert!(screen.text(200, 40).contains("STAGE▲  "));
    screen.press(&[KeyCode::Char('r')]);
    assert_eq!(rows(&mut screen), wiring);
    assert!(screen.text(200, 40).contains("STAGE▼  "));
    screen.press(&[KeyCode::Char('>'); 4]);
    assert!(screen.text(200, 40).contains("DROPPED/s▼"));
    assert!(screen.text(80, 24).contains("s sort DROPPED/s"));
    assert_eq!(rows(&mut screen)[0], wiring[1], "the largest first");
    screen.press(&[KeyCode::Char('<'); 5]);
    assert_eq!(rows(&mut screen), wiring, "not sorted");
    screen.press(&[KeyCode::Char('<')]);
    assert!(screen.text(200, 40).contains("WHY▲"), "from the end");
}

#[test]
fn a_slash_filters_stages_by_name_until_escape() {
    let mut screen = Screen::watching();
    screen.type_text("/exportersq");
    assert!(screen.text(80, 24).contains("/exportersq█"));
    assert_eq!(rows(&mut screen), [""; 0]);
    screen.press(&[KeyCode::Backspace, KeyCode::Enter]);
    assert_eq!(rows(&mut screen), ["exporters.lines", "exporters.backend"]);
    assert!(screen.lines(80, 24)[23].starts_with("/exporters  q quit"));
    screen.press(&[KeyCode::Esc]);
    assert_eq!(rows(&mut screen).len(), 4);
    screen.type_text("/x");
    screen.press(&[KeyCode::Esc]);
    assert_eq!(rows(&mut screen).len(), 4);
}

#[test]
fn tab_and_digits_change_the_table() {
    let mut screen = Screen::watching();
    let title = |screen: &mut Screen| screen.lines(80, 24)[9].clone();
    for (key, expected) in [
        (KeyCode::Tab, "QUEUE OF"),
        (KeyCode::Tab, "STAGE                        WHAT"),
        (KeyCode::Tab, "STAGE                         IN/s"),
        (KeyCode::BackTab, "STAGE                        WHAT"),
        (KeyCode::Char('2'), "QUEUE OF"),
        (KeyCode::Char('d'), "STAGE                        WHAT"),
        (KeyCode::Char('d'), "STAGE                         IN/s"),
    ] {
        screen.press(&[key]);
        let title = title(&mut screen);
        assert!(title.starts_with(expected), "{key:?}: {title}");
    }
}

#[test]
fn counters_show_what_the_other_tables_add_up() {
    let mut screen = Screen::watching();
    screen.press(&[KeyCode::Char('3')]);
    let expected = "\
STAGE                         WHAT         BY                    TOTAL  PER SECOND
processors.decode_all_events  dropped      frame_cut_short           2           -
processors.decode_all_events  dropped      unknown_payload_type  6,200          50
processors.decode_all_events  filtered     health_checks         6,200          50
exporters.backend             unconfirmed                            3           -";
    assert_eq!(screen.lines(90, 24)[9..14].join("\n"), expected);
}

#[test]
fn arrows_scroll_by_columns_and_leave_the_first() {
    let mut screen = Screen::watching();
    screen.press(&[KeyCode::Right; 2]);
    let line = screen.lines(60, 24)[9].clone();
    assert_eq!(
        line,
        "STAGE                       … FILTERED/s  DROPPED/s        …"
    );
    screen.press(&[KeyCode::Left; 3]);
    assert!(screen.lines(60, 24)[9].contains("IN/s"));
    screen.press(&[KeyCode::Right; 99]);
    assert!(screen.lines(60, 24)[9].contains("WHY"));
    screen.press(&[KeyCode::Left]);
    assert!(
        !screen.lines(60, 24)[9].contains("…WHY"),
        "no key is without an effect"
    );
}

#[test]
fn the_help_explains_keys_and_columns_and_any_key_closes_it() {
    for open in [KeyCode::Char('h'), KeyCode::Char('?'), KeyCode::F(1)] {
        let mut screen = Screen::watching();
        screen.press(&[open]);
        let text = screen.text(80, 60);
        for part in [
            "  q, Ctrl-C      quit\n",
            "Columns of stages\n",
            "  DROPPED/s    records lost; red while there are any\n",
            "  LOST UPSTREAM  events that Cilium reported",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        screen.press(&[KeyCode::Down]);
        assert!(screen.text(80, 24).contains("other keys close the help"));
        screen.press(&[KeyCode::Char('q')]);
        assert!(screen.text(80, 24).contains("q quit"));
    }
}

#[test]
fn a_pause_freezes_the_screen_and_rates_include_it() {
    let mut screen = Screen::watching();
    screen.press(&[KeyCode::Char('p')]);
    screen.update(page(130));
    let text = screen.text(140, 24);
    assert!(
        text.contains("up 2m 4s") && text.contains("PAUSED  q quit"),
        "{text}"
    );
    screen.press(&[KeyCode::Char(' ')]);
    screen.update(page(134));
    assert!(screen.text(140, 24).contains("up 2m 14s, rates over 10.0s"));
}

#[test]
fn plus_and_minus_change_the_interval() {
    let mut screen = Screen::of([page_of(1, 1)]);
    screen.press(&[KeyCode::Char('-'); 2]);
    assert_eq!(screen.state.interval, Duration::from_secs(1));
    screen.press(&[KeyCode::Char('-'); 9]);
    assert_eq!(screen.state.interval, Duration::from_millis(100));
    assert!(screen.text(100, 24).contains("+/- every 0.1s"));
    screen.press(&[KeyCode::Char('+'); 20]);
    assert_eq!(screen.state.interval, Duration::from_secs(60));
}

#[test]
fn three_keys_quit() {
    let quits = [
        KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE),
        KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE),
        KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
    ];
    for key in quits {
        assert!(!press(&mut Screen::watching().state, key));
    }
    let mut editing = Screen::watching();
    editing.type_text("/");
    assert!(!press(&mut editing.state, quits[2]));
}
