//! Sealing: a request is encoded once, compressed once, and then sent as often as its delivery
//! takes.
//!
//! [`message`] is an encoded request, [`compression`] how it is compressed, [`frame`] what is sent
//! of it, [`sealer`] makes frames of messages with [`compressors`], [`codec`] opens them, and [`split`] halves a message.

mod codec;
mod compression;
mod compressors;
mod frame;
mod message;
mod sealer;
mod split;

pub(super) use codec::compress;
pub(super) use compression::Compression;
pub(super) use frame::SealedFrame;
pub(super) use message::{EncodedMessage, PREFIX_LEN};
pub(super) use sealer::{Sealed, Sealer};
