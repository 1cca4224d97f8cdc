//! Small and large screens, and many stages.

use ratatui::crossterm::event::KeyCode;

use super::{Screen, page_of};
use crate::verbs::top::{stages, totals};

fn forty_stages() -> Screen {
    Screen::of([page_of(120, 40), page_of(124, 40)])
}

#[test]
fn forty_stages_scroll_below_the_header_the_sums_and_the_titles() {
    let mut screen = forty_stages();
    let first = screen.lines(80, 24);
    assert!(first[0].starts_with("tidegate 1.2.3 on default/worker-1"));
    assert!(first[5].starts_with("per s") && first[8].starts_with("STAGE"));
    assert!(first[9].starts_with("processors.number_00"));
    assert!(first[23].starts_with("1-14 of 40  q quit"), "{}", first[23]);
    for (key, top, rows) in [
        (KeyCode::Down, "01", "2-15"),
        (KeyCode::Char('j'), "02", "3-16"),
        (KeyCode::PageDown, "16", "17-30"),
        (KeyCode::PageDown, "26", "27-40"),
        (KeyCode::Up, "25", "26-39"),
        (KeyCode::PageUp, "11", "12-25"),
        (KeyCode::End, "26", "27-40"),
        (KeyCode::Home, "00", "1-14"),
        (KeyCode::Char('G'), "26", "27-40"),
        (KeyCode::Char('k'), "25", "26-39"),
    ] {
        screen.press(&[key]);
        let lines = screen.lines(80, 24);
        assert_eq!(lines[..9], first[..9], "they stay");
        let expected = format!("processors.number_{top}");
        assert!(lines[9].starts_with(&expected), "{key:?}: {}", lines[9]);
        let expected = format!("{rows} of 40  ");
        assert!(lines[23].starts_with(&expected), "{key:?}: {}", lines[23]);
    }
}

#[test]
fn a_tiny_screen_shows_the_stages() {
    let expected = "\
tidegate 1.2.3 on d…
STAGE         IN/s …
receivers.s… 1,000
processors.… 1,000
1-2 of 4  q quit  h…";
    assert_eq!(Screen::watching().text(20, 5), expected);
}

#[test]
fn no_size_panics() {
    for width in [0, 1, 2, 7, 20, 33, 80, 300] {
        for height in [0, 1, 2, 4, 5, 9, 12, 24, 60] {
            for key in ['1', '2', '3', 'h', '/'] {
                let mut screen = Screen::watching();
                screen.press(&[KeyCode::Char(key), KeyCode::Right, KeyCode::Down]);
                screen.buffer(width, height);
            }
            forty_stages().buffer(width, height);
        }
    }
}

#[test]
fn at_every_width_what_is_cut_or_left_out_is_marked() {
    let whole = Screen::watching().lines(500, 24);
    let titles = |columns: &mut dyn Iterator<Item = &'static str>| columns.collect::<Vec<_>>();
    let sums = titles(&mut totals::COLUMNS.iter().map(|column| column.title));
    let stages = titles(&mut stages::COLUMNS.iter().map(|column| column.title));
    for width in (20..210).step_by(3) {
        let lines = Screen::watching().lines(width, 24);
        for at in [0, 1, 2, 3, 23] {
            let cut = &lines[at];
            assert!(*cut == whole[at] || cut.ends_with('…'), "{width}: {cut}");
        }
        for (line, titles) in [(&lines[5], &sums), (&lines[9], &stages)] {
            let is_whole = titles.iter().all(|title| line.contains(title));
            assert!(is_whole || line.ends_with('…'), "{width}: {line}");
        }
        for line in &lines[10..14] {
            let name = line.split_whitespace().next().unwrap();
            let is_whole = whole
                .iter()
                .any(|whole| whole.split(' ').next() == Some(name));
            assert!(is_whole || name.ends_with('…'), "{width}: {line}");
        }
    }
}
