//! The line of a flow, put together from pieces: what [`super::LINE`] writes, without making it anew.

use tidegate_core::flow::{Address, Flow};

use super::LINE;
use super::flow::Pieces;
use crate::hubble::{Ascii, Peer, address_text, arrow, decimal_text};

/// The sides of a flow, as far as its line and its attributes share their texts.
pub(super) struct Line<'a> {
    pub(super) source: Host<'a>,
    pub(super) destination: Host<'a>,
}

/// One side.
pub(super) struct Host<'a> {
    peer: Peer<'a>,
    /// The text of its address, if that is known.
    pub(super) address: Option<Ascii<40>>,
    /// Whether it has colons.
    is_ipv6: bool,
}

impl<'a> Host<'a> {
    fn new(peer: Peer<'a>) -> Self {
        let address = peer.address.map(Address::to_ip);
        let is_ipv6 = address.is_some_and(|address| address.is_ipv6());
        Self { peer, address: address.map(address_text), is_ipv6 }
    }

    fn write(&self, out: &mut Vec<u8>, identity: &str, text: &mut String) {
        match &self.address {
            Some(address) if !self.peer.is_named() => self.write_address(out, address),
            _ if self.peer.is_host() => {
                text.clear();
                LINE.push_host(text, &self.peer);
                out.extend_from_slice(text.as_bytes());
            }
            _ => {}
        }
        out.push(b' ');
        out.extend_from_slice(identity.as_bytes());
    }

    fn write_address(&self, out: &mut Vec<u8>, address: &Ascii<40>) {
        let Some(port) = self.peer.port else { return address.append_to(out) };
        if self.is_ipv6 {
            out.push(b'[');
            address.append_to(out);
            out.push(b']');
        } else {
            address.append_to(out);
        }
        out.push(b':');
        decimal_text(port).append_to(out);
    }
}

impl<'a> Line<'a> {
    /// Of a flow.
    pub(super) fn new(flow: &'a Flow) -> Self {
        Self { source: Host::new(Peer::source(flow)), destination: Host::new(Peer::destination(flow)) }
    }

    /// Writes the line. `text` is room to make texts in.
    pub(super) fn write(&self, out: &mut Vec<u8>, flow: &Flow, pieces: Pieces<'_>, text: &mut String) {
        let source = (&self.source, &*pieces.source.line);
        let destination = (&self.destination, &*pieces.destination.line);
        let (near, far) = if flow.is_reply == Some(true) { (destination, source) } else { (source, destination) };
        near.0.write(out, near.1, text);
        out.extend_from_slice(arrow(flow).as_bytes());
        far.0.write(out, far.1, text);
        out.extend_from_slice(pieces.event.line.as_bytes());
    }
}
