//! Recognises files of other types that are given in place of a recording or a capture, so that an
//! error can say what the file is and what to do with it.

use crate::gob::{Definition, Error, Header, Reader, Split, split};
use crate::payload::DEFAULT_MAX_FRAME;

/// The number of bytes at the start of a file that suffice to recognise it.
pub const START: usize = 4096;

/// The type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// No bytes at all.
    Empty,
    /// A recording, or the beginning of one.
    Recording,
    /// A capture: pcap or pcapng.
    Capture,
    /// A capture in another format.
    OtherCapture,
    /// Compressed, with the command that decompresses it to standard output.
    Compressed(&'static str),
    /// A ZIP archive.
    Zip,
    /// A program or a library.
    Elf,
    /// Flows of Hubble as JSON lines.
    HubbleFlows,
    /// Other JSON.
    Json,
    /// A configuration of tidegate.
    Configuration,
    /// Other text.
    Text,
    /// Something else.
    Unknown,
}

/// What a file begins with, by type.
const MAGIC: [(&[u8], FileType); 16] = [
    (&[0xa1, 0xb2, 0xc3, 0xd4], FileType::Capture),
    (&[0xd4, 0xc3, 0xb2, 0xa1], FileType::Capture),
    (&[0xa1, 0xb2, 0x3c, 0x4d], FileType::Capture),
    (&[0x4d, 0x3c, 0xb2, 0xa1], FileType::Capture),
    (&[0x0a, 0x0d, 0x0d, 0x0a], FileType::Capture),
    // pcap as patched by Kuznetzov.
    (&[0xa1, 0xb2, 0xcd, 0x34], FileType::OtherCapture),
    (&[0x34, 0xcd, 0xb2, 0xa1], FileType::OtherCapture),
    // RFC 1761.
    (b"snoop\0\0\0", FileType::OtherCapture),
    (&[0x1f, 0x8b], FileType::Compressed("gunzip -c")),
    (&[0x28, 0xb5, 0x2f, 0xfd], FileType::Compressed("zstd -dc")),
    (b"\xfd7zXZ\0", FileType::Compressed("xz -dc")),
    (b"BZh", FileType::Compressed("bzip2 -dc")),
    (&[0x04, 0x22, 0x4d, 0x18], FileType::Compressed("lz4 -dc")),
    (b"PK\x03\x04", FileType::Zip),
    (b"PK\x05\x06", FileType::Zip),
    (b"\x7fELF", FileType::Elf),
];

/// What the first lines of a configuration have.
const SECTIONS: [&str; 4] = ["receivers", "processors", "exporters", "service"];

impl FileType {
    /// Recognises a file by its first bytes; [`START`] bytes are enough.
    #[must_use]
    pub fn detect(start: &[u8]) -> Self {
        if start.is_empty() {
            return Self::Empty;
        }
        let split = split(start, DEFAULT_MAX_FRAME);
        if let Ok(Split::Message { body, .. }) = split
            && is_definition(body)
        {
            return Self::Recording;
        }
        let magic = MAGIC.iter().find(|(magic, _)| start.starts_with(magic));
        if let Some((_, found)) = magic {
            return *found;
        }
        match (text(start), split) {
            (Some(text), _) => Self::of_text(text),
            // The file is cut within its first message.
            (None, Ok(Split::Incomplete { needed }))
                if needed <= START && starts_definition(start) =>
            {
                Self::Recording
            }
            _ => Self::Unknown,
        }
    }

    fn of_text(text: &str) -> Self {
        let begins_json = begins_json(text);
        let section = |line: &str| {
            let name = line.trim_start_matches(['[', ' ']);
            let rest = SECTIONS
                .iter()
                .find_map(|name_of| name.strip_prefix(name_of));
            rest.is_some_and(|rest| rest.starts_with(['.', ']', ' ', '=']))
        };
        if text.lines().any(section) {
            return Self::Configuration;
        }
        match begins_json {
            true if text.contains("\"flow\"") || text.contains("\"lost_events\"") => {
                Self::HubbleFlows
            }
            true => Self::Json,
            false => Self::Text,
        }
    }

    /// What the file is, as the end of `it is …`.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Recording => "a recording of a monitor socket",
            Self::Capture => "a capture of packets (pcap or pcapng)",
            Self::OtherCapture => "a capture of packets in a format other than pcap and pcapng",
            Self::Compressed(_) => "compressed",
            Self::Zip => "a ZIP archive",
            Self::Elf => "a program (ELF)",
            Self::HubbleFlows => "flows of Hubble in JSON",
            Self::Json => "JSON",
            Self::Configuration => "a configuration of tidegate",
            Self::Text => "text",
            Self::Unknown => "of an unknown type",
        }
    }

    /// What to do with a file of this type that was given in place of a recording; `name` is its
    /// name. `None` if there is nothing better than another file.
    #[must_use]
    pub fn instead_of_recording(self, name: &str) -> Option<String> {
        match self {
            Self::Capture => Some(format!(
                "`tidegate record --pcap {name} --out FILE` makes a recording of it"
            )),
            Self::OtherCapture => Some(format!(
                "`editcap -F pcap {name} FILE` makes pcap of it, and `tidegate record --pcap FILE` a \
                 recording of that"
            )),
            Self::Compressed(decompress) => {
                Some(format!("`{decompress} {name} > FILE` decompresses it"))
            }
            Self::HubbleFlows => Some(
                "`hubble observe --input-file` reads it; recordings have what flows are made of, and \
                 `tidegate record` makes them"
                    .to_owned(),
            ),
            Self::Configuration => Some(format!("`tidegate run -c {name}` runs it")),
            _ => None,
        }
    }

    /// What to do with a file of this type that was given in place of a capture; `name` is its name.
    #[must_use]
    pub fn instead_of_capture(self, name: &str) -> Option<String> {
        match self {
            Self::OtherCapture => Some(format!(
                "`editcap -F pcap {name} - | tidegate record --pcap -` converts it"
            )),
            Self::Compressed(decompress) => Some(format!(
                "try `{decompress} {name} | tidegate record --pcap -`"
            )),
            Self::Recording => Some("it needs no conversion".to_owned()),
            Self::HubbleFlows => Some("it has no packets".to_owned()),
            _ => None,
        }
    }
}

/// Whether a text begins as JSON does, and a table of TOML does not.
fn begins_json(text: &str) -> bool {
    let text = text.trim_start();
    let inner = text.trim_start_matches(|letter: char| letter == '[' || letter.is_whitespace());
    let is_value = |letter: char| letter.is_ascii_digit() || "{\"-]".contains(letter);
    text.starts_with('{') || (text.starts_with('[') && inner.starts_with(is_value))
}

/// Whether a message is the definition of a type, which every stream begins with.
fn is_definition(body: &[u8]) -> bool {
    let mut reader = Reader::new(body);
    matches!(Header::read(&mut reader), Ok(Header::Definition(_)))
        && Definition::read(&mut reader).is_ok()
}

/// Whether the type id of an incomplete message is that of a definition.
fn starts_definition(start: &[u8]) -> bool {
    let mut reader = Reader::new(start);
    if reader.uint().is_err() {
        // Even the length is incomplete.
        return true;
    }
    matches!(
        Header::read(&mut reader),
        Ok(Header::Definition(_)) | Err(Error::Truncated)
    )
}

/// The text that the bytes are, except for an incomplete last character.
fn text(start: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_binary = |letter: char| letter.is_control() && !"\n\r\t\x1b\x0c".contains(letter);
    (!text.contains(is_binary)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{FileType, MAGIC};
    use crate::payload::{Encoder, Payload};
    use crate::recording;

    fn stream() -> Vec<u8> {
        let mut stream = Vec::new();
        let payload = Payload {
            data: b"event",
            cpu: 1,
            lost: 0,
            kind: 9,
        };
        Encoder::default().encode(&payload, &mut stream);
        stream
    }

    #[test]
    fn recordings_are_recognised_with_and_without_a_header_and_when_cut() {
        let stream = stream();
        let with_header = [recording::header(), stream.clone()].concat();
        for bytes in [&stream, &with_header] {
            // The length in the first byte alone may as well be a letter.
            for len in 2..bytes.len() {
                assert_eq!(
                    FileType::detect(&bytes[..len]),
                    FileType::Recording,
                    "{len} of {bytes:?}"
                );
            }
        }
    }

    #[test]
    fn other_files_are_recognised() {
        for (magic, expected) in MAGIC {
            let file = [magic, &[0, 1, 2, 0xff, 0x80]].concat();
            assert_eq!(FileType::detect(&file), expected, "{magic:?}");
        }
        let flow = r#"{"flow":{"time":"2024-05-01T10:00:00Z","verdict":"FORWARDED"}}"#;
        let cases: [(&[u8], FileType); 13] = [
            (b"", FileType::Empty),
            (flow.as_bytes(), FileType::HubbleFlows),
            (b"[1, 2]", FileType::Json),
            (b"{", FileType::Json),
            (b"[[1.5]]", FileType::Json),
            (b"[package]\nname = 1\n", FileType::Text),
            (
                b"# mine\n[receivers.monitor1_2]\nsocket = 1",
                FileType::Configuration,
            ),
            (b"exporters = { nop = {} }\n", FileType::Configuration),
            (b"services are text\n", FileType::Text),
            (b"\nMay  1 10:00:00.000: default/a:1 -> b\n", FileType::Text),
            ("grüße".as_bytes(), FileType::Text),
            (&[0, 1, 2, 3], FileType::Unknown),
            (&[7; 4096], FileType::Unknown),
        ];
        for (bytes, expected) in cases {
            assert_eq!(FileType::detect(bytes), expected, "{bytes:?}");
        }
        let cut = "grüße".as_bytes();
        assert_eq!(FileType::detect(&cut[..3]), FileType::Text);
    }

    #[test]
    fn advice_names_the_file() {
        for found in [
            FileType::Capture,
            FileType::Compressed("xz -dc"),
            FileType::Configuration,
        ] {
            let advice = found.instead_of_recording("a.bin").unwrap();
            assert!(advice.contains(" a.bin"), "{advice}");
        }
        let advice = FileType::Compressed("xz -dc")
            .instead_of_capture("a.bin")
            .unwrap();
        assert_eq!(advice, "try `xz -dc a.bin | tidegate record --pcap -`");
    }
}
