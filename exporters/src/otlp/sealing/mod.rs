//! Sealing: a request is encoded once, compressed once, and then sent as often as its delivery
//! takes.
//!
//! [`message`] is an encoded request, [`compression`] how it is compressed, [`frame`] what is sent
//! of it, and [`sealer`] makes frames of messages.

mod compression;
mod frame;
mod message;
mod sealer;

pub(super) use compression::Compression;
pub(super) use frame::SealedFrame;
pub(super) use message::{EncodedMessage, PREFIX_LEN};
pub(super) use sealer::{Sealed, Sealer};
