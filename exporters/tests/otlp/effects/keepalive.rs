//! Keepalive of connections: what peers and the kernel see of it.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::backend::Backend;
use crate::pipeline::{ONE_RECORD_PER_REQUEST, PipelineSetup, flows};

/// The bytes with which a client of HTTP/2 begins.
const PREFACE_LEN: usize = 24;
/// The type of a PING frame.
const PING: u8 = 6;
/// The flag of the answer to one.
const ACK: u8 = 1;

/// Listens and returns the URL.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn a_connection_without_answers_to_pings_is_given_up() {
    let (listener, url) = listen().await;
    let silent = tokio::spawn(async move {
        let mut sockets = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            sockets.push(socket);
        }
    });
    let config = [
        "keepalive = { time = \"10ms\", timeout = \"10ms\" }, timeout = \"9s\"",
        "retry_on_failure = { enabled = false }",
        ONE_RECORD_PER_REQUEST,
    ];
    let pipeline = PipelineSetup::new(&url, &config).start();
    pipeline.send(flows(1..=1)).await;
    let problem = loop {
        match pipeline.problem() {
            Some(problem) => break problem,
            None => tokio::task::yield_now().await,
        }
    };
    // Without pings, or while their answers are awaited for longer, the attempt times out.
    assert!(!problem.contains("no response within"), "{problem}");
    pipeline.finish().await;
    silent.abort();
}

/// Passes a client's bytes on, and counts its pings.
async fn count_pings(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    pings: watch::Sender<usize>,
) -> std::io::Result<()> {
    let mut preface = [0; PREFACE_LEN];
    client.read_exact(&mut preface).await?;
    server.write_all(&preface).await?;
    loop {
        let mut header = [0; 9];
        client.read_exact(&mut header).await?;
        let len = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let mut payload = vec![0; len as usize];
        client.read_exact(&mut payload).await?;
        server.write_all(&header).await?;
        server.write_all(&payload).await?;
        if header[3] == PING && header[4] & ACK == 0 {
            pings.send_modify(|count| *count += 1);
        }
    }
}

#[tokio::test]
async fn an_idle_connection_is_tested_if_that_is_configured() {
    let backend = Backend::start();
    let (listener, url) = listen().await;
    let pings = watch::Sender::new(0);
    let counted = pings.clone();
    let to = backend.address;
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let (from_client, mut to_client) = client.into_split();
        let (mut from_server, to_server) = TcpStream::connect(to).await.unwrap().into_split();
        tokio::spawn(count_pings(from_client, to_server, counted));
        copy(&mut from_server, &mut to_client).await
    });
    let config = [
        "keepalive = { time = \"5ms\", permit_without_stream = true }",
        ONE_RECORD_PER_REQUEST,
    ];
    let pipeline = PipelineSetup::new(&url, &config).start();
    pipeline.send(flows(1..=1)).await;
    backend.services.logs.wait_for_requests(1).await;
    while pipeline.report().absorbed == 0 {
        tokio::task::yield_now().await;
    }
    let before = *pings.borrow();
    let mut after = pings.subscribe();
    after.wait_for(|count| *count >= before + 3).await.unwrap();
    pipeline.finish().await;
}

/// The time until the kernel's next keepalive probe of a connection from this address, in
/// hundredths of a second; `None` if it sends none.
fn next_probe(client: SocketAddr) -> Option<u64> {
    let port = format!(":{:04X}", client.port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let mut connections = table.lines().map(|line| line.split_whitespace().collect());
    let fields: Vec<&str> = connections
        .find(|fields: &Vec<&str>| fields.get(1).is_some_and(|local| local.ends_with(&port)))
        .unwrap();
    let (timer, when) = fields[5].split_once(':').unwrap();
    let is_keepalive = timer == "02";
    is_keepalive.then(|| u64::from_str_radix(when, 16).unwrap())
}

#[tokio::test]
async fn the_kernel_probes_connections_at_the_interval() {
    for (tcp, expected) in [("3h", Some(3)), ("0s", None)] {
        let backend = Backend::start();
        let (listener, url) = listen().await;
        let (client, connected) = tokio::sync::oneshot::channel();
        let to = backend.address;
        tokio::spawn(async move {
            let (mut socket, address) = listener.accept().await.unwrap();
            client.send(address).unwrap();
            let mut server = TcpStream::connect(to).await.unwrap();
            tokio::io::copy_bidirectional(&mut socket, &mut server).await
        });
        let keepalive = format!("keepalive = {{ tcp = \"{tcp}\" }}");
        let pipeline = PipelineSetup::new(&url, &[&keepalive, ONE_RECORD_PER_REQUEST]).start();
        pipeline.send(flows(1..=1)).await;
        let address = connected.await.unwrap();
        while pipeline.report().absorbed == 0 {
            tokio::task::yield_now().await;
        }
        // Bytes that wait for their acknowledgement have another timer.
        let hours = |probe: u64| probe.div_ceil(360_000);
        while expected.is_some() && next_probe(address).is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(next_probe(address).map(hours), expected, "{tcp}");
        pipeline.finish().await;
    }
}
