//! Access to `/debug` of a running agent: listeners, tokens, certificates and hosts.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use crate::support::{Agent, AgentOutput, FakeCilium, TestDir, get, tidegate, tidegate_with_env};

/// Writes a configuration with an idle receiver and this `[service.telemetry]`.
fn config(dir: &TestDir, telemetry: &str) -> PathBuf {
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n[processors.cilium_decode]\n[exporters.nop]\n\
         [service.telemetry]\n{telemetry}\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\"]\nexporters = [\"nop\"]\n",
        dir.path("monitor.sock")
    );
    dir.write("pipeline.toml", text)
}

/// Starts an agent, and returns it with the address of its admin listener.
fn start_with_admin(config: &Path) -> (Agent, String) {
    let mut agent = Agent::run(config);
    let line = agent.wait_for_line("serving /debug admin=");
    let address = line.rsplit_once("admin=").unwrap().1.to_owned();
    agent.telemetry_address();
    (agent, address)
}

/// Sends a request, and returns status, head and body of the response.
fn send_request(stream: impl Read + Write, request: &str) -> (u16, String, String) {
    let mut stream = stream;
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let response = String::from_utf8(response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        head.to_owned(),
        body.to_owned(),
    )
}

/// Requests a page with these header lines.
fn get_with_headers(address: &str, page: &str, headers: &str) -> (u16, String, String) {
    send_request(
        TcpStream::connect(address).unwrap(),
        &format!("GET {page} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n"),
    )
}

/// A certificate or key for 127.0.0.1 or for a client. They were made with openssl, are valid for
/// a hundred years, and their CA's key was not kept.
fn certificate_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/tls")
        .join(name)
}

/// Runs the three commands that view an agent, with these options.
fn run_views(options: &[&str], environment: &[(&str, &OsStr)]) -> [AgentOutput; 3] {
    [
        &["ledger"][..],
        &["top", "--once", "--interval", "100ms"],
        &["tap", "cilium_decode", "--count", "1"],
    ]
    .map(|verb| tidegate_with_env(&[verb, options].concat(), environment))
}

#[test]
fn debug_pages_are_not_served_on_a_public_address() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&config(&dir, "listen = \"0.0.0.0:0\""));
    agent.wait_for_line("/debug is not served");
    let address = agent.telemetry_address().replace("0.0.0.0", "127.0.0.1");
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
    // Scrapers and probes may use any host name.
    for page in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(
            get_with_headers(&address, page, "Host: tidegate.monitoring.svc:9464\r\n").0,
            200,
            "{page}"
        );
    }
    let output = tidegate(&["ledger", "--address", &address]);
    assert_eq!(output.code, Some(1));
    assert!(
        output.stderr.contains("does not serve /debug/ledger")
            && output.stderr.contains("--address unix:PATH"),
        "{}",
        output.stderr
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn an_open_admin_listener_is_refused_with_its_position() {
    let dir = TestDir::new();
    let open = config(&dir, "admin.listen = \"0.0.0.0:9465\"");
    for verb in ["validate", "run"] {
        let output = tidegate(&[verb.as_ref(), "-c".as_ref(), open.as_os_str()]);
        assert_eq!(output.code, Some(78), "{}", output.stderr);
        let expected = [
            "error: `service.telemetry.admin` would show every flow to anyone who can reach it",
            "pipeline.toml:6:16",
            "not a loopback address",
            "token_file",
            "unix:/run/tidegate/admin.sock",
        ];
        for text in expected {
            assert!(output.stderr.contains(text), "{text}: {}", output.stderr);
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
        // TLS without client certificates authenticates no client.
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
        ("listen = \"localhost:9465\"".to_owned(), 0),
        ("listen = \"node-a:9465\"".to_owned(), 78),
        ("listen = \"127.0.0.1:9464\"".to_owned(), 78),
        ("token = \"t\"".to_owned(), 78),
        (
            "listen = \"127.0.0.1:9465\", allowed_hosts = [\"http://x\"]".to_owned(),
            78,
        ),
    ];
    for (admin, code) in cases {
        let config = config(&dir, &format!("admin = {{ {admin} }}"));
        let output = tidegate(&["validate".as_ref(), "-c".as_ref(), config.as_os_str()]);
        assert_eq!(output.code, Some(code), "{admin}\n{}", output.stderr);
        if code != 0 {
            continue;
        }
        let is_readable = admin.contains("0.0.0.0") && !admin.contains("tls");
        let warning =
            "warning[plain_text_credentials]: tokens and flows can be read on the network";
        assert_eq!(
            output.stderr.contains(warning),
            is_readable,
            "{admin}\n{}",
            output.stderr
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn the_admin_socket_is_limited_to_owner_and_group_and_serves_the_views() {
    let dir = TestDir::new();
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let socket = dir.path("admin.sock");
    // A stale socket is replaced.
    drop(UnixListener::bind(&socket).unwrap());
    let text = format!(
        "listen = \"0.0.0.0:0\"\nadmin.listen = \"unix:{}\"",
        socket.display()
    );
    let (agent, address) = start_with_admin(&config(&dir, &text));
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
        top.stdout
            .starts_with(&format!("tidegate {} ", env!("CARGO_PKG_VERSION")))
            && top.stdout.contains(&format!(" at {address}, up ")),
        "{}{}",
        top.stdout,
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
        dir.path("pipeline.toml").as_os_str(),
    ]);
    assert_eq!(from_file.code, Some(0), "{}", from_file.stderr);
    // A second agent cannot take over the socket of the first.
    let second = tidegate(&[
        "run".as_ref(),
        "-c".as_ref(),
        dir.path("pipeline.toml").as_os_str(),
    ]);
    let expected = format!(
        "error: cannot listen on {address} for administration \
         (`service.telemetry.admin.listen`): another process listens on it\n"
    );
    assert_eq!(
        (second.code, second.stderr.ends_with(&expected)),
        (Some(1), true),
        "{}",
        second.stderr
    );
    assert_eq!(tidegate(&["ledger", "--address", &address]).code, Some(0));
    drop(connection);
    agent.send_signal("TERM");
    agent.wait();
    assert!(!socket.exists());
}

#[test]
fn an_unusable_socket_path_is_reported_with_a_remedy() {
    let dir = TestDir::new();
    dir.write("file", "precious");
    let missing = dir.path("none/admin.sock");
    let cases = [
        (
            missing.clone(),
            format!(
                "the directory {} does not exist; create it",
                missing.parent().unwrap().display()
            ),
        ),
        (dir.path("file"), "it exists and is not a socket".to_owned()),
    ];
    for (path, expected) in cases {
        let config = config(
            &dir,
            &format!("listen = \"127.0.0.1:0\"\nadmin.listen = {path:?}"),
        );
        let output = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
        assert_eq!(output.code, Some(1), "{}", output.stderr);
        assert!(output.stderr.contains(&expected), "{}", output.stderr);
    }
    assert_eq!(fs::read_to_string(dir.path("file")).unwrap(), "precious");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn tokens_grant_access_and_are_read_again_on_reload() {
    let dir = TestDir::new();
    let token_file = dir.write("tokens", "first\n");
    let telemetry = format!(
        "listen = \"0.0.0.0:0\"\n\
         admin = {{ listen = \"0.0.0.0:0\", token_file = {token_file:?}, \
         token = \"${{env:TIDEGATE_TOKEN:-fixed}}\" }}"
    );
    let (mut agent, address) = start_with_admin(&config(&dir, &telemetry));
    let address = address.replace("0.0.0.0", "127.0.0.1");
    let host = format!("Host: {address}\r\n");
    let request =
        |headers: &str| get_with_headers(&address, "/debug/ledger", &format!("{host}{headers}"));
    for headers in [
        "",
        "Authorization: Bearer second\r\n",
        "Authorization: Basic first\r\n",
    ] {
        let (status, head, body) = request(headers);
        assert_eq!(status, 401, "{headers}");
        assert!(
            head.to_lowercase().contains("www-authenticate: bearer"),
            "{head}"
        );
        assert_eq!(body, "this needs a bearer token\n");
    }
    // Unknown pages are not distinguished from others.
    assert_eq!(get_with_headers(&address, "/no/such/page", &host).0, 401);
    assert_eq!(request("Authorization: Bearer first\r\n").0, 200);
    assert_eq!(request("Authorization: bearer fixed\r\n").0, 200);

    let file = token_file.to_str().unwrap();
    let wrong = dir.write("wrong", "third\n");
    let none = [("TIDEGATE_TOKEN", "".as_ref())];
    for output in run_views(&["--address", &address], &none) {
        assert!(
            output.code == Some(1) && output.stderr.contains("--token-file FILE"),
            "{}",
            output.stderr
        );
    }
    for output in run_views(
        &[
            "--address",
            &address,
            "--token-file",
            wrong.to_str().unwrap(),
        ],
        &none,
    ) {
        assert!(
            output.code == Some(1) && output.stderr.contains("does not accept this token"),
            "{}",
            output.stderr
        );
        assert!(!output.stderr.contains("third"), "{}", output.stderr);
    }
    let ledger = tidegate_with_env(
        &["ledger", "--address", &address, "--token-file", file],
        &none,
    );
    assert_eq!(ledger.code, Some(0), "{}", ledger.stderr);
    let ledger = tidegate_with_env(
        &["ledger", "--address", &address],
        &[("TIDEGATE_TOKEN", "first".as_ref())],
    );
    assert_eq!(ledger.code, Some(0), "{}", ledger.stderr);

    fs::write(&token_file, "second\n").unwrap();
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration was read again");
    assert_eq!(request("Authorization: Bearer first\r\n").0, 401);
    assert_eq!(request("Authorization: Bearer second\r\n").0, 200);
    // An empty token file leaves the old tokens in effect.
    fs::write(&token_file, "\n").unwrap();
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration cannot be used");
    assert_eq!(request("Authorization: Bearer second\r\n").0, 200);
    agent.send_signal("TERM");
    let stderr = agent.wait().stderr;
    assert!(
        !stderr.contains("second") && !stderr.contains("fixed"),
        "{stderr}"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn requests_for_a_foreign_host_are_rejected() {
    let dir = TestDir::new();
    let telemetry = "listen = \"127.0.0.1:0\"\nallowed_hosts = [\"proxy.example\"]\n\
        admin = { listen = \"127.0.0.1:0\", exclusive = false }";
    let (mut agent, admin) = start_with_admin(&config(&dir, telemetry));
    let line = agent.find_line("running telemetry=");
    let address = line.rsplit_once("http://").unwrap().1;
    for page in ["/debug/ledger", "/metrics", "/healthz", "/nothing"] {
        let (status, _, body) = get_with_headers(address, page, "Host: evil.example\r\n");
        assert_eq!(status, 421, "{page}");
        assert!(body.contains("allowed_hosts"), "{body}");
    }
    assert_eq!(
        get_with_headers(&admin, "/debug/ledger", "Host: evil.example\r\n").0,
        421
    );
    for host in ["localhost", "127.0.0.1:9464", "[::1]:80", "proxy.example"] {
        assert_eq!(
            get_with_headers(address, "/debug/ledger", &format!("Host: {host}\r\n")).0,
            200,
            "{host}"
        );
    }
    for headers in [
        "",
        "Host: \r\n",
        "Host: a b\r\n",
        "Host: localhost\r\nHost: localhost\r\n",
    ] {
        assert_eq!(
            get_with_headers(address, "/debug/ledger", headers).0,
            400,
            "{headers:?}"
        );
    }
    // An absolute target takes precedence over the header.
    assert_eq!(
        get_with_headers(
            address,
            "http://evil.example/debug/ledger",
            "Host: localhost\r\n"
        )
        .0,
        421
    );
    assert_eq!(
        get_with_headers(
            address,
            "http://localhost/debug/ledger",
            "Host: localhost\r\n"
        )
        .0,
        200
    );
    let output = tidegate(&["ledger", "--address", address]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

#[test]
fn request_heads_are_limited_and_http_2_is_refused() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&config(&dir, "listen = \"127.0.0.1:0\""));
    let address = agent.telemetry_address();
    let long = format!("Host: localhost\r\nX: {}\r\n", "x".repeat(100_000));
    let mut stream = TcpStream::connect(&address).unwrap();
    // The server may close the connection before it has read everything.
    let _ = write!(stream, "GET /metrics HTTP/1.1\r\n{long}\r\n");
    let mut response = [0; 12];
    if stream.read_exact(&mut response).is_ok() {
        assert_eq!(&response, b"HTTP/1.1 431");
    }
    let mut stream = TcpStream::connect(&address).unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .unwrap();
    let mut response = Vec::new();
    // The server may reset the connection.
    let _ = stream.read_to_end(&mut response);
    assert!(!response.starts_with(b"HTTP/1.1 200"));
    assert_eq!(get(&address, "/healthz").0, 200);
}

#[test]
fn debug_pages_can_be_exclusive_to_the_admin_listener() {
    let dir = TestDir::new();
    let socket = dir.path("admin.sock");
    let listen = |admin: &str| format!("listen = \"127.0.0.1:0\"\nadmin = {{ listen = {admin} }}");
    let exclusive = listen(&format!("{socket:?}, exclusive = true"));
    let (mut agent, admin) = start_with_admin(&config(&dir, &exclusive));
    let line = agent.find_line("running telemetry=");
    let address = line.rsplit_once("http://").unwrap().1;
    assert_eq!(
        (get(address, "/debug/ledger").0, get(address, "/metrics").0),
        (404, 200)
    );
    assert_eq!(tidegate(&["ledger", "--address", &admin]).code, Some(0));
    // A reload moves the admin listener and serves the pages on both.
    let moved = dir.path("moved.sock");
    config(&dir, &listen(&format!("{moved:?}")));
    agent.send_signal("HUP");
    agent.wait_for_line("serving /debug admin=");
    agent.wait_for_line("the configuration was reloaded");
    assert!(moved.exists() && !socket.exists());
    assert_eq!(get(address, "/debug/ledger").0, 200);
    // An unusable socket leaves the running configuration in effect.
    config(&dir, &listen(&format!("{:?}", dir.path("none/a.sock"))));
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration cannot be used");
    assert_eq!(
        tidegate(&["ledger", "--address", moved.to_str().unwrap()]).code,
        Some(0)
    );
    // A reload removes the admin listener.
    config(&dir, "listen = \"127.0.0.1:0\"");
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration was reloaded");
    assert!(!moved.exists());
}

#[test]
fn client_certificates_grant_access() {
    let dir = TestDir::new();
    let tls = format!(
        "tls = {{ cert_file = {:?}, key_file = {:?}, client_ca_file = {:?} }}",
        certificate_file("server.pem"),
        certificate_file("server.key"),
        certificate_file("ca.pem")
    );
    let telemetry =
        format!("listen = \"127.0.0.1:0\"\nadmin = {{ listen = \"0.0.0.0:0\", {tls} }}");
    let (mut agent, admin) = start_with_admin(&config(&dir, &telemetry));
    let address = admin.replace("0.0.0.0", "127.0.0.1");
    let [ca, cert, key] = ["ca.pem", "client.pem", "client.key"]
        .map(|name| certificate_file(name).to_str().unwrap().to_owned());
    let ledger =
        |options: &[&str]| tidegate(&[&["ledger", "--address", &address], options].concat());
    let as_client = || ledger(&["--ca-file", &ca, "--cert-file", &cert, "--key-file", &key]);
    let output = as_client();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(ledger(&["--ca-file", &ca]).code, Some(1));
    let without_tls = ledger(&[]);
    assert!(
        without_tls.code == Some(1) && without_tls.stderr.contains("https://"),
        "{}",
        without_tls.stderr
    );
    assert_eq!(
        tidegate(&["ledger", "--address", &format!("https://{address}")]).code,
        Some(1)
    );
    // An invalid key file is reported on reload, and the old one stays in effect.
    config(&dir, &telemetry.replace("server.key", "ca.pem"));
    agent.send_signal("HUP");
    let key_file = "`service.telemetry.admin.tls.key_file`";
    agent.wait_for_line(&format!("error: the file of {key_file} has no private key"));
    agent.wait_for_line("the running one stays in effect");
    let output = as_client();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

#[test]
fn what_fails_in_tls_is_told_from_an_agent_that_does_not_run() {
    let dir = TestDir::new();
    let tls = format!(
        "tls = {{ cert_file = {:?}, key_file = {:?} }}",
        certificate_file("server.pem"),
        certificate_file("server.key")
    );
    let telemetry =
        format!("listen = \"127.0.0.1:0\"\nadmin = {{ listen = \"127.0.0.1:0\", {tls} }}");
    let (mut agent, admin) = start_with_admin(&config(&dir, &telemetry));
    let line = agent.find_line("running telemetry=");
    let plain = line.rsplit_once("http://").unwrap().1;
    for (address, expected) in [
        (plain, format!("https://{plain} does not speak TLS: ")),
        (
            &*admin,
            format!(
                "the certificate of the agent at https://{admin} cannot be verified: `--ca-file \
                 FILE` names the authority that has signed it: "
            ),
        ),
    ] {
        let output = tidegate(&["ledger", "--address", &format!("https://{address}")]);
        let expected = format!("error: {expected}");
        assert!(output.stderr.starts_with(&expected), "{}", output.stderr);
    }
}
