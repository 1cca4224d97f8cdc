//! Who may look at a running agent's flows: where `/debug` is, and what it takes to read it.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use crate::support::{Agent, Cilium, Ended, Place, get, tidegate, tidegate_with};

/// A configuration with an idle receiver and this section.
fn config(place: &Place, telemetry: &str) -> PathBuf {
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n[processors.cilium_decode]\n[exporters.nop]\n[service.telemetry]\n{telemetry}\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\nprocessors = [\"cilium_decode\"]\nexporters = [\"nop\"]\n",
        place.path("monitor.sock")
    );
    place.write("pipeline.toml", text)
}

/// A running agent with the port of its admin listener.
fn with_admin(config: &Path) -> (Agent, String) {
    let mut agent = Agent::run(config);
    let line = agent.says("serving /debug admin=");
    let address = line.rsplit_once("admin=").unwrap().1.to_owned();
    agent.address();
    (agent, address)
}

/// Status, head and body of the answer to a request.
fn ask(stream: impl Read + Write, request: &str) -> (u16, String, String) {
    let mut stream = stream;
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        head.to_owned(),
        body.to_owned(),
    )
}

fn ask_as(address: &str, page: &str, more: &str) -> (u16, String, String) {
    ask(
        TcpStream::connect(address).unwrap(),
        &format!("GET {page} HTTP/1.1\r\nConnection: close\r\n{more}\r\n"),
    )
}

/// Certificates for 127.0.0.1 and for a client, made with openssl for a hundred years, by a CA
/// whose key was thrown away.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/tls")
        .join(name)
}

/// The three views of an agent, with these options.
fn views(options: &[&str], environment: &[(&str, &OsStr)]) -> [Ended; 3] {
    [
        &["ledger"][..],
        &["top", "--once", "--interval", "100ms"],
        &["tap", "cilium_decode", "--count", "1"],
    ]
    .map(|verb| tidegate_with(&[verb, options].concat(), environment))
}

#[test]
fn flows_are_not_shown_where_other_hosts_can_connect() {
    let place = Place::new();
    let mut agent = Agent::run(&config(&place, "listen = \"0.0.0.0:0\""));
    agent.says("/debug is not served");
    let address = agent.address().replace("0.0.0.0", "127.0.0.1");
    for page in [
        "/debug/ledger",
        "/debug/tap?stage=cilium_decode",
        "/debug",
        "/debug/",
    ] {
        let (status, body) = get(&address, page);
        assert_eq!(status, 404, "{page}");
        assert!(body.contains("[service.telemetry.admin] listen"), "{body}");
    }
    // Scrapers and probes come by any name.
    for page in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(
            ask_as(&address, page, "Host: tidegate.monitoring.svc:9464\r\n").0,
            200,
            "{page}"
        );
    }
    let ended = tidegate(&["ledger", "--address", &address]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("does not serve /debug/ledger")
            && ended.stderr.contains("--address unix:PATH"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_admin_listener_that_lets_everybody_in_is_refused_at_its_place() {
    let place = Place::new();
    let open = config(&place, "admin.listen = \"0.0.0.0:9465\"");
    for verb in ["validate", "run"] {
        let ended = tidegate(&[verb.as_ref(), "-c".as_ref(), open.as_os_str()]);
        assert_eq!(ended.code, Some(78), "{}", ended.stderr);
        let place_and_help = [
            "error: `service.telemetry.admin` would show every flow to anyone who can reach it",
            "pipeline.toml:6:16",
            "not a loopback address",
            "token_file",
            "unix:/run/tidegate/admin.sock",
        ];
        for words in place_and_help {
            assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
        }
    }
    let tls = "tls = { cert_file = \"c\", key_file = \"k\"";
    let cases = [
        (
            "listen = \"0.0.0.0:9465\", token_file = \"/nowhere\"".to_owned(),
            0,
        ),
        ("listen = \"0.0.0.0:9465\", token = \"t\"".to_owned(), 0),
        (
            format!("listen = \"0.0.0.0:9465\", {tls}, client_ca_file = \"a\" }}"),
            0,
        ),
        // TLS alone tells nobody from anybody.
        (format!("listen = \"0.0.0.0:9465\", {tls} }}"), 78),
        ("listen = \"0.0.0.0:9465\", token = \"\"".to_owned(), 78),
        (
            "listen = \"0.0.0.0:9465\", token = \"two words\"".to_owned(),
            78,
        ),
        ("listen = \"127.0.0.1:9465\"".to_owned(), 0),
        ("listen = \"[::1]:9465\"".to_owned(), 0),
        ("listen = \"unix:/run/tidegate/admin.sock\"".to_owned(), 0),
        (
            format!("listen = \"/run/tidegate/admin.sock\", {tls} }}"),
            78,
        ),
        ("listen = \"localhost:9465\"".to_owned(), 78),
        ("listen = \"127.0.0.1:9464\"".to_owned(), 78),
        ("token = \"t\"".to_owned(), 78),
        (
            "listen = \"127.0.0.1:9465\", allowed_hosts = [\"http://x\"]".to_owned(),
            78,
        ),
    ];
    for (admin, code) in cases {
        let config = config(&place, &format!("admin = {{ {admin} }}"));
        let ended = tidegate(&["validate".as_ref(), "-c".as_ref(), config.as_os_str()]);
        assert_eq!(ended.code, Some(code), "{admin}\n{}", ended.stderr);
        let is_readable = code == 0 && admin.contains("0.0.0.0") && !admin.contains("tls");
        let warning = "WARN `service.telemetry.admin` has no `tls`";
        assert_eq!(
            ended.stderr.contains(warning),
            is_readable,
            "{admin}\n{}",
            ended.stderr
        );
    }
}

#[test]
fn a_unix_socket_is_for_its_owner_and_group_and_the_views_use_it() {
    let place = Place::new();
    let cilium = Cilium::listen(&place.path("monitor.sock"));
    let socket = place.path("admin.sock");
    // One that a process left behind is replaced.
    drop(UnixListener::bind(&socket).unwrap());
    let text = format!(
        "listen = \"0.0.0.0:0\"\nadmin.listen = \"unix:{}\"",
        socket.display()
    );
    let (agent, address) = with_admin(&config(&place, &text));
    assert_eq!(address, format!("unix:{}", socket.display()));
    assert_eq!(
        fs::metadata(&socket).unwrap().permissions().mode() & 0o7777,
        0o660
    );
    let connection = cilium.send(50);
    let ledger = tidegate(&["ledger", "--address", &address]);
    assert!(
        ledger.code == Some(0) && ledger.stdout.starts_with("PIPELINE"),
        "{}",
        ledger.stderr
    );
    let top = tidegate(&[
        "top",
        "--once",
        "--interval",
        "100ms",
        "--address",
        socket.to_str().unwrap(),
    ]);
    assert!(
        top.stdout.starts_with(&format!(
            "tidegate {} at {address}, up ",
            env!("CARGO_PKG_VERSION")
        )),
        "{}",
        top.stderr
    );
    let tap = tidegate(&["tap", "no_such_stage", "--address", &address]);
    assert_eq!(
        (tap.code, tap.stderr.contains("there is no stage")),
        (Some(2), true),
        "{}",
        tap.stderr
    );
    let from_file = tidegate(&[
        "ledger".as_ref(),
        "-c".as_ref(),
        place.path("pipeline.toml").as_os_str(),
    ]);
    assert_eq!(from_file.code, Some(0), "{}", from_file.stderr);
    // Two agents on one socket: the second one is refused, and the first one keeps it.
    let second = tidegate(&[
        "run".as_ref(),
        "-c".as_ref(),
        place.path("pipeline.toml").as_os_str(),
    ]);
    let said = format!(
        "error: cannot listen on {address} for administration (`service.telemetry.admin.listen`): another process listens on it\n"
    );
    assert_eq!(
        (second.code, second.stderr.ends_with(&said)),
        (Some(1), true),
        "{}",
        second.stderr
    );
    assert_eq!(tidegate(&["ledger", "--address", &address]).code, Some(0));
    drop(connection);
    agent.signal("TERM");
    agent.ended();
    assert!(!socket.exists());
}

#[test]
fn a_socket_that_cannot_be_is_said_with_what_to_do() {
    let place = Place::new();
    place.write("file", "precious");
    let missing = place.path("none/admin.sock");
    let cases = [
        (
            missing.clone(),
            format!(
                "the directory {} does not exist; create it",
                missing.parent().unwrap().display()
            ),
        ),
        (
            place.path("file"),
            "it exists and is not a socket".to_owned(),
        ),
    ];
    for (path, said) in cases {
        let config = config(
            &place,
            &format!("listen = \"127.0.0.1:0\"\nadmin.listen = {path:?}"),
        );
        let ended = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
    }
    assert_eq!(fs::read_to_string(place.path("file")).unwrap(), "precious");
}

#[test]
fn a_token_lets_in_and_is_read_again_at_a_reload() {
    let place = Place::new();
    let token_file = place.write("tokens", "first\n");
    let telemetry = format!(
        "listen = \"0.0.0.0:0\"\nadmin = {{ listen = \"0.0.0.0:0\", token_file = {token_file:?}, token = \"${{env:TIDEGATE_TOKEN:-fixed}}\" }}"
    );
    let (mut agent, address) = with_admin(&config(&place, &telemetry));
    let address = address.replace("0.0.0.0", "127.0.0.1");
    let host = format!("Host: {address}\r\n");
    let status = |more: &str| ask_as(&address, "/debug/ledger", &format!("{host}{more}"));
    for more in [
        "",
        "Authorization: Bearer second\r\n",
        "Authorization: Basic first\r\n",
    ] {
        let (status, head, body) = status(more);
        assert_eq!(status, 401, "{more}");
        assert!(
            head.to_lowercase().contains("www-authenticate: bearer"),
            "{head}"
        );
        assert_eq!(body, "this needs a bearer token\n");
    }
    // What there is is not told either.
    assert_eq!(ask_as(&address, "/no/such/page", &host).0, 401);
    assert_eq!(status("Authorization: Bearer first\r\n").0, 200);
    assert_eq!(status("Authorization: bearer fixed\r\n").0, 200);

    let file = token_file.to_str().unwrap();
    let wrong = place.write("wrong", "third\n");
    let none = [("TIDEGATE_TOKEN", "".as_ref())];
    for ended in views(&["--address", &address], &none) {
        assert!(
            ended.code == Some(1) && ended.stderr.contains("--token-file FILE"),
            "{}",
            ended.stderr
        );
    }
    for ended in views(
        &[
            "--address",
            &address,
            "--token-file",
            wrong.to_str().unwrap(),
        ],
        &none,
    ) {
        assert!(
            ended.code == Some(1) && ended.stderr.contains("does not accept this token"),
            "{}",
            ended.stderr
        );
        assert!(!ended.stderr.contains("third"), "{}", ended.stderr);
    }
    let ledger = tidegate_with(
        &["ledger", "--address", &address, "--token-file", file],
        &none,
    );
    assert_eq!(ledger.code, Some(0), "{}", ledger.stderr);
    let ledger = tidegate_with(
        &["ledger", "--address", &address],
        &[("TIDEGATE_TOKEN", "first".as_ref())],
    );
    assert_eq!(ledger.code, Some(0), "{}", ledger.stderr);

    fs::write(&token_file, "second\n").unwrap();
    agent.signal("HUP");
    agent.says("the configuration was read again");
    assert_eq!(status("Authorization: Bearer first\r\n").0, 401);
    assert_eq!(status("Authorization: Bearer second\r\n").0, 200);
    // A file that cannot be used changes nothing.
    fs::write(&token_file, "\n").unwrap();
    agent.signal("HUP");
    agent.says("the configuration cannot be used");
    assert_eq!(status("Authorization: Bearer second\r\n").0, 200);
    agent.signal("TERM");
    let said = agent.ended().stderr;
    assert!(
        !said.contains("second") && !said.contains("fixed"),
        "{said}"
    );
}

#[test]
fn a_foreign_host_is_misdirected() {
    let place = Place::new();
    let telemetry = "listen = \"127.0.0.1:0\"\nallowed_hosts = [\"proxy.example\"]\nadmin = { listen = \"127.0.0.1:0\", exclusive = false }";
    let (mut agent, admin) = with_admin(&config(&place, telemetry));
    let line = agent.has_said("running telemetry=");
    let address = line.rsplit_once("http://").unwrap().1;
    for page in ["/debug/ledger", "/metrics", "/healthz", "/nothing"] {
        let (status, _, body) = ask_as(address, page, "Host: evil.example\r\n");
        assert_eq!(status, 421, "{page}");
        assert!(body.contains("allowed_hosts"), "{body}");
    }
    assert_eq!(
        ask_as(&admin, "/debug/ledger", "Host: evil.example\r\n").0,
        421
    );
    for host in ["localhost", "127.0.0.1:9464", "[::1]:80", "proxy.example"] {
        assert_eq!(
            ask_as(address, "/debug/ledger", &format!("Host: {host}\r\n")).0,
            200,
            "{host}"
        );
    }
    for more in [
        "",
        "Host: \r\n",
        "Host: a b\r\n",
        "Host: localhost\r\nHost: localhost\r\n",
    ] {
        assert_eq!(ask_as(address, "/debug/ledger", more).0, 400, "{more:?}");
    }
    // The target counts, whatever the header says.
    assert_eq!(
        ask_as(
            address,
            "http://evil.example/debug/ledger",
            "Host: localhost\r\n"
        )
        .0,
        421
    );
    assert_eq!(
        ask_as(
            address,
            "http://localhost/debug/ledger",
            "Host: localhost\r\n"
        )
        .0,
        200
    );
    let ended = tidegate(&["ledger", "--address", address]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn heads_are_bounded_and_http_2_is_refused() {
    let place = Place::new();
    let mut agent = Agent::run(&config(&place, "listen = \"127.0.0.1:0\""));
    let address = agent.address();
    let long = format!("Host: localhost\r\nX: {}\r\n", "x".repeat(100_000));
    let mut stream = TcpStream::connect(&address).unwrap();
    // It may close before it has read all.
    let _ = write!(stream, "GET /metrics HTTP/1.1\r\n{long}\r\n");
    let mut answer = [0; 12];
    if stream.read_exact(&mut answer).is_ok() {
        assert_eq!(&answer, b"HTTP/1.1 431");
    }
    let mut stream = TcpStream::connect(&address).unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    // A reset is an answer, too.
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    assert_eq!(get(&address, "/healthz").0, 200);
}

#[test]
fn debug_can_be_on_the_admin_listener_alone() {
    let place = Place::new();
    let socket = place.path("admin.sock");
    let telemetry =
        format!("listen = \"127.0.0.1:0\"\nadmin = {{ listen = {socket:?}, exclusive = true }}");
    let (mut agent, admin) = with_admin(&config(&place, &telemetry));
    let line = agent.has_said("running telemetry=");
    let address = line.rsplit_once("http://").unwrap().1;
    assert_eq!(
        (get(address, "/debug/ledger").0, get(address, "/metrics").0),
        (404, 200)
    );
    assert_eq!(tidegate(&["ledger", "--address", &admin]).code, Some(0));
    // A reload moves it and opens the other one.
    let moved = place.path("moved.sock");
    config(
        &place,
        &format!("listen = \"127.0.0.1:0\"\nadmin = {{ listen = {moved:?} }}"),
    );
    agent.signal("HUP");
    agent.says("serving /debug admin=");
    agent.says("the configuration was reloaded");
    assert!(moved.exists() && !socket.exists());
    assert_eq!(get(address, "/debug/ledger").0, 200);
    // One that cannot be had changes nothing.
    config(
        &place,
        &format!(
            "listen = \"127.0.0.1:0\"\nadmin = {{ listen = {:?} }}",
            place.path("none/a.sock")
        ),
    );
    agent.signal("HUP");
    agent.says("the configuration cannot be used");
    assert_eq!(
        tidegate(&["ledger", "--address", moved.to_str().unwrap()]).code,
        Some(0)
    );
    // None at all.
    config(&place, "listen = \"127.0.0.1:0\"");
    agent.signal("HUP");
    agent.says("the configuration was reloaded");
    assert!(!moved.exists());
}

#[test]
fn certificates_let_in_those_who_have_one() {
    let place = Place::new();
    let tls = format!(
        "tls = {{ cert_file = {:?}, key_file = {:?}, client_ca_file = {:?} }}",
        golden("server.pem"),
        golden("server.key"),
        golden("ca.pem")
    );
    let telemetry =
        format!("listen = \"127.0.0.1:0\"\nadmin = {{ listen = \"0.0.0.0:0\", {tls} }}");
    let (mut agent, admin) = with_admin(&config(&place, &telemetry));
    let address = admin.replace("0.0.0.0", "127.0.0.1");
    let [ca, cert, key] = ["ca.pem", "client.pem", "client.key"]
        .map(|name| golden(name).to_str().unwrap().to_owned());
    let ledger =
        |options: &[&str]| tidegate(&[&["ledger", "--address", &address], options].concat());
    let ended = ledger(&["--ca-file", &ca, "--cert-file", &cert, "--key-file", &key]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ledger(&["--ca-file", &ca]).code, Some(1));
    let plain = ledger(&[]);
    assert!(
        plain.code == Some(1) && plain.stderr.contains("https://"),
        "{}",
        plain.stderr
    );
    assert_eq!(
        tidegate(&["ledger", "--address", &format!("https://{address}")]).code,
        Some(1)
    );
    // A file that is none is said at a reload, and the old one goes on.
    let bad = telemetry.replace("server.key", "ca.pem");
    config(&place, &bad);
    agent.signal("HUP");
    let said = agent.says("error: wrong `service.telemetry.admin.tls`");
    assert!(said.contains("a private key"), "{said}");
    let ended = ledger(&["--ca-file", &ca, "--cert-file", &cert, "--key-file", &key]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
