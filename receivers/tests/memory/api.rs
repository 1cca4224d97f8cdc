//! A server on threads of its own, which writes lists while they are read.

use std::io::{self, BufWriter, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

/// Writes the body of an answer.
pub(crate) type Body = fn(&mut dyn Write) -> io::Result<()>;

/// Lists, by path. Other paths are answered with 404; requests for watches get no answer.
pub(crate) type Lists = &'static [(&'static str, Body)];

/// Serves lists on a unix socket.
pub(crate) fn serve_unix(socket: &Path, lists: Lists) {
    let listener = UnixListener::bind(socket).expect("a socket");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            thread::spawn(move || answer(stream, lists));
        }
    });
}

/// Serves lists on a port of this host.
pub(crate) fn serve_tcp(lists: Lists) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            thread::spawn(move || answer(stream, lists));
        }
    });
    port
}

/// Answers one request. Fails if the receiver ends before.
fn answer(mut stream: impl Read + Write, lists: Lists) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or_default();
    if path.contains("watch=") {
        stream.read_exact(&mut byte)?;
    }
    let path = path.split('?').next();
    let Some((_, body)) = lists.iter().find(|(known, _)| Some(*known) == path) else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    };
    let mut out = BufWriter::with_capacity(64 << 10, stream);
    out.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
    body(&mut out)?;
    out.flush()
}

/// Writes `count` elements of a list with commas between them.
pub(crate) fn elements(
    out: &mut dyn Write,
    count: u32,
    element: impl Fn(&mut dyn Write, u32) -> io::Result<()>,
) -> io::Result<()> {
    for number in 0..count {
        if number > 0 {
            out.write_all(b",")?;
        }
        element(out, number)?;
    }
    Ok(())
}

/// A text of `length` bytes.
pub(crate) fn text(out: &mut dyn Write, length: usize) -> io::Result<()> {
    for _ in 0..length / 64 {
        out.write_all(&[b'x'; 64])?;
    }
    out.write_all(&[b'x'; 64][..length % 64])
}
