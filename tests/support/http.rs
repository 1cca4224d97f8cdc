//! A minimal HTTP/1.1 client.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// Fetches a page and returns its status and body.
pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    try_get(address, path).unwrap()
}

/// Sends a request as it is written, after which the server must close the connection, and returns
/// the head and the body of the response.
pub(crate) fn send(address: &str, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The same as [`get`] for an agent that may have exited.
pub(crate) fn try_get(address: &str, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (head, body) = response
        .split_once("\r\n\r\n")
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok((
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        body.to_owned(),
    ))
}
