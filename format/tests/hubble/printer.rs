//! The text formats of `hubble observe`, compared with what Hubble's CLI prints for the same records.

use std::fs;
use std::path::Path;

use tidegate_format::hubble::{Compact, Printer, Table, TextFormat};
use tidegate_format::text::TimeFormat;
use tidegate_model::Record;
use tidegate_model::record::{AgentEvent, AgentEventType, DebugEvent, Frame};

use crate::samples;

/// What a line of `cases` asks for.
struct Case {
    file: String,
    printer: Printer,
    is_table: bool,
}

fn case(line: &str) -> Case {
    let mut words = line.split(' ');
    let file = words.next().unwrap().to_owned();
    let mut format = TextFormat::Compact;
    let mut text = Compact::PLAIN;
    let mut has_node = false;
    while let Some(word) = words.next() {
        match word {
            "-o" => {
                format = match words.next().unwrap() {
                    "compact" => TextFormat::Compact,
                    "dict" => TextFormat::Dict,
                    _ => TextFormat::Rows,
                }
            }
            "--color" => text.color = words.next() == Some("always"),
            "--numeric" | "--ip-translation=false" => text.numeric = true,
            "--print-node-name" => has_node = true,
            "--time-format" => {
                let name = words.next().unwrap();
                let mut formats = TimeFormat::ALL.into_iter();
                text.time_format = formats.find(|format| format.name() == name).unwrap();
            }
            _ => panic!("{word}"),
        }
    }
    let printer = Printer::new(format, text);
    let printer = match has_node {
        true => printer.with_node_name(samples::NODE),
        false => printer,
    };
    Case {
        file,
        printer,
        is_table: format == TextFormat::Rows,
    }
}

#[test]
fn records_are_printed_byte_for_byte_as_by_hubbles_cli() {
    let flows = samples::flows().into_iter().map(Record::Flow);
    let losses = samples::losses().into_iter().map(Record::Lost);
    let records: Vec<Record> = flows.chain(losses).collect();
    assert_eq!(check_cases("printed", &records), 11);
}

#[test]
fn names_are_printed_byte_for_byte_as_by_hubbles_cli() {
    let flows = samples::named::flows().into_iter().map(Record::Flow);
    let records: Vec<Record> = flows.collect();
    assert_eq!(check_cases("names", &records), 5);
}

/// Compares the text formats of the cases in a folder. Returns how many there are.
fn check_cases(folder: &str, records: &[Record]) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/hubble");
    let folder = root.join(folder);
    let cases = fs::read_to_string(folder.join("cases")).unwrap();
    let cases = Vec::from_iter(cases.lines().filter(|line| !line.ends_with(" json")));
    for line in &cases {
        let Case {
            file,
            mut printer,
            is_table,
        } = case(line);
        let mut out = String::new();
        for record in records {
            assert!(printer.push(&mut out, record));
        }
        if is_table {
            let mut table = Table::default();
            table.push(&out);
            out.clear();
            out.push_str(&flushed(&mut table));
            assert!(table.is_empty());
        }
        assert_eq!(
            out,
            fs::read_to_string(folder.join(&file)).unwrap(),
            "{line}"
        );
    }
    cases.len()
}

fn flushed(table: &mut Table) -> String {
    let mut out = String::new();
    let written: Result<(), ()> = table.flush(|row| {
        out.push_str(row);
        Ok(())
    });
    assert_eq!(written, Ok(()));
    out
}

fn agent_event() -> Record {
    Record::AgentEvent(Box::new(AgentEvent {
        time: samples::TIME,
        stream: 1,
        event_type: AgentEventType::ServiceDeleted,
        notification: tidegate_model::record::Notification::ServiceDelete(
            tidegate_model::record::ServiceDelete { id: 7 },
        ),
    }))
}

fn debug_event() -> Record {
    Record::DebugEvent(DebugEvent {
        time: samples::TIME,
        source: 12,
        hash: 0xabc,
        cpu: 3,
        ..DebugEvent::default()
    })
}

fn print(format: TextFormat, record: &Record) -> String {
    let mut printer = Printer::new(format, Compact::PLAIN).with_node_name(samples::NODE);
    let mut out = String::new();
    printer.push(&mut out, record);
    printer.push(&mut out, record);
    out
}

#[test]
fn agent_and_debug_events_have_fields_and_columns_of_their_own() {
    let time = "Mar  1 10:00:00.123";
    let agent = format!(
        "  TIMESTAMP: {time}\n       NODE: node-a\n       TYPE: SERVICE_DELETED\n    DETAILS: id: 7\n"
    );
    let debug = format!(
        "  TIMESTAMP: {time}\n       NODE: node-a\n       TYPE: DBG_EVENT_UNKNOWN\n\
         \x20      FROM: ID: 12\n       MARK: 0xabc\n        CPU: 03\n    MESSAGE: "
    );
    let dict = print(TextFormat::Dict, &agent_event());
    assert_eq!(dict, format!("{agent}------------\n{agent}"));
    let dict = print(TextFormat::Dict, &debug_event());
    assert!(dict.starts_with(&debug), "{dict}");
    assert_eq!(
        print(TextFormat::Rows, &agent_event()),
        format!(
            "TIMESTAMP\tNODE\tTYPE\tDETAILS\n{}",
            format!("{time}\tnode-a\tSERVICE_DELETED\tid: 7\n").repeat(2)
        )
    );
    let rows = print(TextFormat::Rows, &debug_event());
    let start = format!(
        "TIMESTAMP\tNODE\tFROM\t\tTYPE\tCPU/MARK\tMESSAGE\n\
         {time}\tnode-a\tID: 12\t\tDBG_EVENT_UNKNOWN\t03 0xabc\t"
    );
    assert!(rows.starts_with(&start), "{rows}");
    assert!(
        print(TextFormat::Compact, &agent_event())
            .starts_with(&format!("{time} [node-a]: SERVICE_DELETED (id: 7)\n"))
    );
}

#[test]
fn a_frame_is_not_printed_and_does_not_count_as_the_first_record() {
    for format in [TextFormat::Compact, TextFormat::Dict, TextFormat::Rows] {
        let mut printer = Printer::new(format, Compact::PLAIN);
        let mut out = String::new();
        assert!(!printer.push(&mut out, &Record::Frame(Frame::default())));
        assert_eq!(out, "");
        printer.push(&mut out, &agent_event());
        assert!(!out.starts_with('-'), "{out}");
    }
}

#[test]
fn rows_after_a_flush_are_at_least_as_wide_as_those_before() {
    let mut table = Table::default();
    table.push("a\tb\tc\nlong\t\u{e9}\tc\n");
    let mut out = flushed(&mut table);
    table.push("x\ty\tz\n");
    out.push_str(&flushed(&mut table));
    assert_eq!(out, "a      b   c\nlong   \u{e9}   c\nx      y   z\n");
}
