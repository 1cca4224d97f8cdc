//! Draws `docs/demo.svg`: what `tidegate demo` prints, and what `tidegate top` shows meanwhile.
//!
//! Both are run, and their text is drawn as a terminal would show it. SVG needs no font file, and a
//! change shows in a diff.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// Where the picture goes, from the root of the repository.
const FILE: &str = "docs/demo.svg";
/// Flows that are shown.
const FLOWS: usize = 14;
/// Flows that pass before those that are shown, so that `top` has rates.
const PASSED: usize = 2000;
/// Columns that are shown.
const COLUMNS: usize = 175;

/// Words that are coloured, each with the class of its colour.
const VERDICTS: [(&str, &str); 4] = [
    ("good", "FORWARDED"),
    ("good", "ALLOWED"),
    ("bad", "DROPPED"),
    ("bad", "DENIED"),
];

/// Height of a line, in pixels.
const LINE: usize = 17;
/// Width of a character of the font, in hundredths of a pixel.
const CHARACTER: usize = 722;
/// Space around the text, in pixels.
const MARGIN: usize = 18;

fn tidegate(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(["run", "--release", "--locked", "--quiet", "--"])
        .args(arguments);
    command
}

/// The demo, killed when it is dropped.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone afterwards.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn run() -> Result<(), String> {
    let mut lines = vec!["$ tidegate demo".to_owned()];
    let child = tidegate(&["demo", "--rate", "500"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start the demo: {error}"))?;
    let mut demo = Demo(child);
    let output = demo.0.stdout.take().ok_or("the demo has no output")?;
    let mut flows = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .skip(PASSED);
    let mut kinds = HashSet::new();
    let is_new = |flow: &String| kinds.insert(kind(flow).map(str::to_owned));
    lines.extend(flows.by_ref().filter(is_new).take(FLOWS));

    // The demo would wait for a reader that stops.
    let reader = std::thread::spawn(move || flows.for_each(drop));
    let top = tidegate(&["top", "--once"])
        .output()
        .map_err(|error| format!("cannot run `tidegate top`: {error}"))?;
    drop(demo);
    reader
        .join()
        .map_err(|_| "the demo's output could not be read")?;
    if !top.status.success() {
        return Err(String::from_utf8_lossy(&top.stderr).into_owned());
    }
    lines.extend([String::new(), "$ tidegate top".to_owned()]);
    lines.extend(
        String::from_utf8_lossy(&top.stdout)
            .lines()
            .map(str::to_owned),
    );
    fs::write(FILE, svg(&lines)).map_err(|error| format!("cannot write {FILE}: {error}"))
}

/// The word before the verdict, such as `to-endpoint`, of which each is shown once.
fn kind(flow: &str) -> Option<&str> {
    let before = VERDICTS
        .iter()
        .find_map(|(_, verdict)| flow.split_once(verdict))?
        .0;
    before.split_whitespace().last()
}

fn svg(lines: &[String]) -> String {
    let width = 2 * MARGIN + COLUMNS * CHARACTER / 100;
    let height = 2 * MARGIN + lines.len() * LINE;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>Flows that tidegate demo prints, and stages and queues in tidegate top</title>
<style>
text {{ font: 12px monospace; fill: #d0d7de; white-space: pre }}
.prompt {{ fill: #58a6ff; font-weight: bold }}
.good {{ fill: #56d364 }}
.bad {{ fill: #ff7b72 }}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>
"##
    );
    for (number, line) in lines.iter().enumerate() {
        let y = MARGIN + (number + 1) * LINE - 5;
        let class = if line.starts_with('$') {
            r#" class="prompt""#
        } else {
            ""
        };
        let mut text = escaped(&shortened(line));
        if number <= FLOWS {
            text = with_colored_verdict(text);
        }
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            r#"<text x="{MARGIN}" y="{y}" xml:space="preserve"{class}>{text}</text>"#
        );
    }
    svg + "</svg>\n"
}

/// The part of a line that is shown.
fn shortened(line: &str) -> String {
    if line.chars().count() <= COLUMNS {
        return line.to_owned();
    }
    line.chars().take(COLUMNS - 1).chain(['…']).collect()
}

fn escaped(line: &str) -> String {
    line.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn with_colored_verdict(flow: String) -> String {
    let verdicts = [
        ("good", "FORWARDED"),
        ("good", "ALLOWED"),
        ("bad", "DROPPED"),
        ("bad", "DENIED"),
    ];
    verdicts.into_iter().fold(flow, |flow, (class, verdict)| {
        flow.replace(
            verdict,
            &format!(r#"<tspan class="{class}">{verdict}</tspan>"#),
        )
    })
}
