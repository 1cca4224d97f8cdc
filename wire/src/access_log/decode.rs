//! Decodes a `LogRecord` of any variant.
//!
//! Fields are matched by name. Unknown fields are skipped, fields that were not sent stay empty. A
//! field of another type is an error, as in Go, but only in a record that has it.

use super::go_struct::GoStruct;
use super::label_cache::LabelCache;
use super::record::{LogRecord, RecordView, tag_of};
use super::{Error, MAX_RECORD, MESSAGE_TYPE, Variant};
use crate::gob::{Documents, TypeId, Value};

/// Decodes records, and caches the type definitions that come with every one.
#[derive(Debug)]
pub struct Decoder {
    documents: Documents<Cached>,
}

/// What is cached for one set of type definitions.
#[derive(Debug, Default)]
struct Cached {
    /// The type of the last record and its variant.
    variant: Option<(TypeId, Variant)>,
    labels: LabelCache,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            documents: Documents::with_tags(tag_of),
        }
    }
}

impl Decoder {
    /// Reads the data of a payload, its first byte included.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn read<'a>(&'a mut self, data: &'a [u8]) -> Result<RecordView<'a>, Error> {
        let stream = match data {
            [MESSAGE_TYPE, stream @ ..] => stream,
            _ => return Err(Error::NotAccessLog(data.first().copied())),
        };
        if data.len() > MAX_RECORD {
            return Err(Error::TooLarge { length: data.len() });
        }
        let mut document = self.documents.open(stream)?;
        let id = document.id();
        let schema = document.schema;
        let serial = document.serial;
        let (value, cached) = document.parts();
        let variant = match cached.variant {
            Some((known, variant)) if known == id => variant,
            _ => Variant::of(schema, id)?,
        };
        cached.variant = Some((id, variant));
        cached.labels.serial = serial;
        let mut view = RecordView {
            variant,
            ..RecordView::default()
        };
        read_record(value, &mut view, &mut cached.labels)?;
        Ok(view)
    }

    /// Decodes the data of a payload into an owned record.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn decode(&mut self, data: &[u8]) -> Result<LogRecord, Error> {
        self.read(data).map(|view| view.to_record())
    }
}

#[inline(never)]
fn read_record<'a>(
    value: Value<'_, 'a>,
    view: &mut RecordView<'a>,
    labels: &mut LabelCache,
) -> Result<(), Error> {
    LogRecord::read(value, view, labels)
}
