//! The fields of a line in the text format, with errors as `a: b: c`, the same as everywhere else.

use std::error::Error;
use std::fmt;

use tracing::field::{Field, Visit};
use tracing_subscriber::field::{RecordFields, VisitOutput as _};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};

use crate::error::chain;

/// Writes fields as the default of `tracing_subscriber` does, except for errors: their sources are
/// part of the text, in place of a field `error.sources`.
pub(super) struct TextFields;

impl<'w> FormatFields<'w> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = TextVisitor(DefaultVisitor::new(writer, true));
        fields.record(&mut visitor);
        visitor.0.finish()
    }
}

struct TextVisitor<'w>(DefaultVisitor<'w>);

impl Visit for TextVisitor<'_> {
    fn record_error(&mut self, field: &Field, error: &(dyn Error + 'static)) {
        self.0
            .record_debug(field, &format_args!("{}", chain(error)));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.record_str(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.record_debug(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::{fmt, registry};

    use super::TextFields;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot do it")]
    struct Outer(#[from] io::Error);

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_error_is_written_with_its_sources_as_one_text() {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let layer = fmt::layer()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .with_target(false)
            .without_time()
            .fmt_fields(TextFields);
        let error = Outer(io::Error::other("no room"));
        tracing::subscriber::with_default(registry().with(layer), || {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, attempt = 2, name = "a b", "failed");
        });
        let line = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            line,
            " WARN failed error=cannot do it: no room attempt=2 name=\"a b\"\n"
        );
    }
}
