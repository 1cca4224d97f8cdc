//! The screen of fixed reports, as text.

mod keys;
mod screens;
mod sizes;

use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::state::ScreenState;
use super::{keys::press, paint, screen};
use crate::telemetry::LedgerPage;

/// The page of an agent after some seconds: it reads 1,000 records a second, loses a tenth of them,
/// and one of its exporters is stuck.
fn page(seconds: u32) -> LedgerPage<String> {
    serde_json::from_value(page_json(seconds)).unwrap()
}

fn page_json(seconds: u32) -> Value {
    let read = seconds * 1000;
    let kept = seconds * 900;
    let decoded = json!({
        "filtered": {"health_checks": seconds * 50},
        "dropped": {"frame_cut_short": 2, "unknown_payload_type": seconds * 50},
        "forwarded": kept,
    });
    json!({
        "version": "1.2.3",
        "node": "default/worker-1",
        "balanced": true,
        "uptime_seconds": seconds,
        "unaccounted": 0,
        "upstream_lost": {"perf_ring": 512 * seconds},
        "process": {
            "cpu_seconds": f64::from(seconds) * 0.031,
            "resident_bytes": 18_454_937,
            "peak_resident_bytes": 20_132_659,
        },
        "stages": [
            stage("receivers.socket", read, &json!({"forwarded": read, "created": read})),
            stage("processors.decode_all_events", read, &decoded),
            stage("exporters.lines", kept, &json!({"absorbed": kept - 100, "in_flight": 100})),
            stage(
                "exporters.backend",
                kept,
                &json!({"absorbed": 5, "unconfirmed": 3, "in_flight": kept - 8}),
            ),
        ],
        "edges": [
            edge("exporters.lines", 100, 160_000, 0),
            edge("exporters.backend", 900, 1_572_864, seconds),
        ],
        "bytes": {"receivers.socket": 200_000 * u64::from(seconds), "exporters.lines": 120_000 * seconds},
        "series": {"exporters.backend": 104},
        "connected": {"receivers.socket": true},
        "degraded": {"exporters.backend": "cannot reach http://127.0.0.1:4317: Connection refused (os error 111) (retrying)"},
    })
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
        "peak_records": records + 50,
        "peak_bytes": bytes,
        "max_records": 1000,
        "max_bytes": 16_777_216,
        "when_full": "block",
        "blocked_seconds": blocked_seconds,
    })
}

/// A page with this many stages.
fn page_of(seconds: u32, stages: u32) -> LedgerPage<String> {
    let mut page = page_json(seconds);
    let rows = (0..stages).map(|n| {
        stage(
            &format!("processors.number_{n:02}"),
            seconds * n,
            &json!({}),
        )
    });
    page["stages"] = rows.collect();
    page["edges"] = json!([]);
    page["degraded"] = json!({});
    serde_json::from_value(page).unwrap()
}

/// A screen that has been updated twice, in an interval of four seconds.
struct Screen {
    state: ScreenState,
    now: Instant,
}

impl Screen {
    fn watching() -> Self {
        Self::of([page(120), page(124)])
    }

    fn of(pages: impl IntoIterator<Item = LedgerPage<String>>) -> Self {
        let mut screen = Self {
            state: ScreenState::new(Duration::from_secs(4)),
            now: Instant::now(),
        };
        pages.into_iter().for_each(|page| screen.update(page));
        screen
    }

    fn update(&mut self, page: LedgerPage<String>) {
        self.state.update(page, self.now);
    }

    fn press(&mut self, keys: &[KeyCode]) {
        for key in keys {
            assert!(press(
                &mut self.state,
                KeyEvent::new(*key, KeyModifiers::NONE)
            ));
        }
    }

    fn type_text(&mut self, text: &str) {
        text.chars()
            .for_each(|key| self.press(&[KeyCode::Char(key)]));
    }

    fn buffer(&mut self, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let now = self.now;
        terminal
            .draw(|frame| screen::draw(frame, "here:1", &mut self.state, now))
            .unwrap();
        terminal.backend().buffer().clone()
    }

    /// The lines of a screen of this size.
    fn lines(&mut self, width: u16, height: u16) -> Vec<String> {
        let buffer = self.buffer(width, height);
        (0..height).map(|y| paint::text(&buffer, y)).collect()
    }

    fn text(&mut self, width: u16, height: u16) -> String {
        self.lines(width, height).join("\n")
    }
}
