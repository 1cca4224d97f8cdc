//! Agent notifications: what Cilium's agent reports about itself.
//!
//! Follows `AgentNotify` of `pkg/monitor/api/types.go`, Cilium 1.12 to 1.20-dev. A notification is
//! the [`data`](crate::payload::Payload::data) of a payload: the byte [`MESSAGE_TYPE`] and a gob
//! stream of its own. Only the envelope is decoded; its JSON text is left as it is.

pub mod notify_type;

use crate::gob::{
    self, Documents, GoType, StructWriter, Type, TypeId, Value, put_int, write_message,
};
use crate::label::labels;
use crate::release::{Release, Releases};
use crate::text::Text;

/// The first byte of a notification.
pub const MESSAGE_TYPE: u8 = crate::event::message_type::AGENT;

/// One notification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentNotify {
    /// `Type` upstream: one of [`notify_type`].
    pub kind: u32,
    /// JSON, in a form that depends on the type. Invalid UTF-8 is replaced.
    pub text: String,
}

/// A notification that borrows from its bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotifyView<'a> {
    /// As [`AgentNotify::kind`].
    pub kind: u32,
    /// As [`AgentNotify::text`].
    pub text: Text<'a>,
}

/// An error in a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The data is not marked as a notification; the byte is missing when there is no data.
    #[error("message type {0:?} is not an agent notification")]
    NotAgentNotify(Option<u8>),
    /// The value in the stream is not an `AgentNotify`.
    #[error("the value is not an AgentNotify")]
    UnknownShape,
    /// The type does not fit into 32 bits.
    #[error("notification type {0} is out of range")]
    OutOfRange(u64),
    /// The bytes are not gob, or a field has another type.
    #[error("broken gob: {0}")]
    Gob(#[from] gob::Error),
}

labels! {
    Error {
        Error::NotAgentNotify(_) => "not_agent_notify",
        Error::UnknownShape => "agent_notify_unknown_shape",
        Error::OutOfRange(_) => "agent_notify_out_of_range",
    }
    else Error::Gob(error) => error.as_str()
}

/// Decodes notifications, and caches the type definitions that come with every one.
#[derive(Debug, Default)]
pub struct Decoder {
    documents: Documents,
}

impl Decoder {
    /// Reads the data of a payload, its first byte included.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn read<'a>(&'a mut self, data: &'a [u8]) -> Result<NotifyView<'a>, Error> {
        let [MESSAGE_TYPE, stream @ ..] = data else {
            return Err(Error::NotAgentNotify(data.first().copied()));
        };
        let mut document = self.documents.open(stream)?;
        match document.schema.resolve(document.id())? {
            Type::Struct(fields) if fields.iter().any(|field| &*field.name == "Text") => {}
            _ => return Err(Error::UnknownShape),
        }
        let mut view = NotifyView::default();
        document
            .value()
            .fields(|name, field| view.set(name, field))?;
        Ok(view)
    }

    /// Decodes the data of a payload into an owned notification.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn decode(&mut self, data: &[u8]) -> Result<AgentNotify, Error> {
        self.read(data)
            .map(|NotifyView { kind, text }| AgentNotify {
                kind,
                text: text.to_owned(),
            })
    }
}

/// Appends the data of a payload that carries `notify`, whose Go type gets the number `id`.
pub fn encode(notify: &AgentNotify, id: TypeId, out: &mut Vec<u8>) {
    let fields = [("Type", TypeId::UINT), ("Text", TypeId::STRING)];
    let fields = fields.map(|(name, id)| (name, GoType::built_in(id)));
    out.push(MESSAGE_TYPE);
    GoType::structure("AgentNotify", fields).define(id, out);
    let mut body = Vec::new();
    put_int(&mut body, id.0);
    StructWriter::new(&mut body)
        .uint(notify.kind)
        .bytes(&notify.text)
        .end();
    write_message(out, &body);
}

impl<'a> NotifyView<'a> {
    /// The releases that send notifications of this type.
    #[must_use]
    pub fn senders(self) -> Releases {
        match self.kind {
            notify_type::SERVICE_UPSERTED | notify_type::SERVICE_DELETED => {
                Releases::before(Release::V1_18)
            }
            _ => Releases::ANY,
        }
    }

    fn set(&mut self, name: &str, field: Value<'_, 'a>) -> Result<(), Error> {
        match name {
            "Type" => {
                let kind = field.uint()?;
                self.kind = u32::try_from(kind).map_err(|_| Error::OutOfRange(kind))?;
            }
            "Text" => self.text = Text(field.string()?),
            _ => field.skip()?,
        }
        Ok(())
    }
}
